import { adminAddress } from "../../bootstrap/admin-address.ts";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { AdminClient } from "./client.ts";
import { CredentialsFile, credentialsPath } from "./credentials.ts";

/**
 * The server commands go to: `--url`, then `TIDEGATE_ADMIN_URL`, then where one signed in last, then this machine. Throws
 * StartError for what is no URL.
 */
export function serverUrl(given: string | undefined, env: NodeJS.ProcessEnv, file: CredentialsFile): string {
  if (given !== undefined) return parseServerUrl(given, "--url");
  if (env.TIDEGATE_ADMIN_URL) return parseServerUrl(env.TIDEGATE_ADMIN_URL, "TIDEGATE_ADMIN_URL");
  return file.current ?? localUrl(env);
}

/** A client for whoever is signed in: `TIDEGATE_TOKEN`, or what `tidegate login` stored for the server. */
export function signedInClient(given: string | undefined, env: NodeJS.ProcessEnv): AdminClient {
  const file = new CredentialsFile(credentialsPath(env));
  const url = serverUrl(given, env, file);
  return new AdminClient({ url, token: env.TIDEGATE_TOKEN || file.find(url)?.token || null });
}

function localUrl(env: NodeJS.ProcessEnv): string {
  const { host, port } = adminAddress(env);
  // One that listens everywhere is reached on this machine by its loopback address.
  const reachable = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/** `http://host:port` without what follows; a path in front of the API stays. */
export function parseServerUrl(text: string, source: string): string {
  const wrong = (reason: string) => new StartError(EXIT.usage, `${source}: ${reason}`);
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw wrong("expected the URL of the admin API, such as http://127.0.0.1:9080");
  }
  const { username, password, search, hash, origin, pathname } = new URL(text);
  // It would be shown in errors.
  if (username !== "" || password !== "") throw wrong("the URL must not hold credentials: sign in with tidegate login");
  if (search !== "" || hash !== "") throw wrong("the URL must not have a query or a fragment");
  return origin + pathname.replace(/\/+$/, "").replace(/\/api(\/v1|\/docs)?$/, "");
}

/** Whether what is sent there can be read on the way. */
export function isInTheClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}
