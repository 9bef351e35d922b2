import type { Snapshot } from "../../contracts/snapshot.ts";
import type { Gateway } from "../../control-plane/try-it/gateway.ts";

/**
 * Where the control process calls a gateway of its own installation: `TIDEGATE_GATEWAY_URL`, or a listener of this machine, one
 * without TLS first. Null: there is none here.
 */
export function gatewayOf(
  snapshot: Pick<Snapshot, "listeners"> | null,
  role: string,
  env: NodeJS.ProcessEnv,
): Gateway | null {
  if (snapshot === null) return null;
  const { listeners } = snapshot;
  const believedHeaders = listeners.flatMap(({ clientCertificate }) => clientCertificate?.header ?? []);
  const given = env.TIDEGATE_GATEWAY_URL;
  if (given) return URL.canParse(given) ? { url: new URL(given).origin, isOwnListener: false, believedHeaders } : null;
  const listener = listeners.find(({ tls }) => tls === null) ?? listeners[0];
  if (role !== "all" || listener === undefined) return null;
  const scheme = listener.tls === null ? "http" : "https";
  return { url: `${scheme}://${reachable(listener.host)}:${listener.port}`, isOwnListener: true, believedHeaders };
}

function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
