import { EXIT, StartError } from "./exit-codes.ts";

export interface AdminAddress {
  host: string;
  port: number;
}

const DEFAULT_PORT = 9080;

/**
 * `TIDEGATE_ADMIN_HOST` (default 127.0.0.1) and `TIDEGATE_ADMIN_PORT` (default 9080). Loopback by default: health and
 * metrics ask for no credentials. In a container set the host to 0.0.0.0.
 */
export function adminAddress(env: NodeJS.ProcessEnv): AdminAddress {
  const text = env.TIDEGATE_ADMIN_PORT || String(DEFAULT_PORT);
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new StartError(EXIT.configuration, `TIDEGATE_ADMIN_PORT is ${text}; expected a port from 0 to 65535`);
  }
  return { host: env.TIDEGATE_ADMIN_HOST || "127.0.0.1", port };
}
