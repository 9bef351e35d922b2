import { readFile } from "node:fs/promises";
import { Agent, type Dispatcher, request } from "undici";
import { type VaultOptions, VaultOptionsError } from "./vault-options.ts";

/** Vault can't be asked, or has nothing there. The message holds no token and no secret. */
export class VaultError extends Error {
  readonly status: number | null;

  constructor(message: string, status: number | null = null) {
    super(message);
    this.status = status;
  }
}

export interface VaultSecret {
  data: Readonly<Record<string, unknown>>;
  /** For how long it is good; null: Vault does not say. */
  leaseMs: number | null;
}

interface Session {
  token: string;
  /** When to renew it, or sign in again. */
  renewAtMs: number;
  renewable: boolean;
}

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** A token is renewed when so much of its life is over. */
const RENEW_AFTER = 2 / 3;

/** Reads HashiCorp Vault's key/value stores, versions 1 and 2, over its HTTP API. */
export class VaultClient {
  readonly #options: VaultOptions;
  readonly #agent: Agent;
  #session: Promise<Session> | null = null;
  /** By mount: whether it is of version 2. */
  readonly #mounts = new Map<string, boolean>();

  constructor(options: VaultOptions) {
    this.#options = options;
    const { ca } = options;
    this.#agent = new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS, ...(ca === null ? {} : { ca }) },
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
      maxResponseSize: MAX_ANSWER_BYTES,
    });
  }

  /** Throws VaultError. */
  async read(path: string): Promise<VaultSecret> {
    const { apiPath, isVersion2 } = await this.#locate(path);
    const answer = await this.#authenticated("GET", apiPath, path);
    const outer = mapping(answer.data);
    const data = isVersion2 ? mapping(outer.data) : outer;
    // Of a version that was deleted, only its metadata is left.
    if (Object.keys(data).length === 0) throw new VaultError(`Vault has nothing at ${path}`, 404);
    return { data, leaseMs: secondsOf(answer.lease_duration) };
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  /** As the `vault` command does it: Vault is asked what is mounted there, and version 2 has `data/` in its paths. */
  async #locate(path: string): Promise<{ apiPath: string; isVersion2: boolean }> {
    for (const [mount, isVersion2] of this.#mounts) {
      if (path.startsWith(mount)) return { apiPath: apiPathOf(path, mount, isVersion2), isVersion2 };
    }
    const answer = await this.#authenticated("GET", `sys/internal/ui/mounts/${path}`, path);
    const { path: mount, type, options } = mapping(answer.data);
    if (typeof mount !== "string" || !path.startsWith(mount)) {
      throw new VaultError(`Vault does not say what is mounted at ${path}`);
    }
    if (type !== "kv" && type !== "generic") {
      throw new VaultError(`what is mounted at ${mount} in Vault is no key/value store`);
    }
    const isVersion2 = mapping(options).version === "2";
    this.#mounts.set(mount, isVersion2);
    return { apiPath: apiPathOf(path, mount, isVersion2), isVersion2 };
  }

  /** A token may have been revoked before its time: then one more sign-in. */
  async #authenticated(method: Dispatcher.HttpMethod, apiPath: string, what: string): Promise<Record<string, unknown>> {
    const session = await this.#signedIn();
    try {
      return await this.#ask(method, apiPath, what, { token: session.token });
    } catch (error) {
      const mayBeTheToken = error instanceof VaultError && error.status === 403;
      if (!mayBeTheToken || this.#options.auth.method === "token") throw error;
      this.#session = null;
      const { token } = await this.#signedIn();
      return this.#ask(method, apiPath, what, { token });
    }
  }

  async #signedIn(): Promise<Session> {
    const known = this.#session;
    const current = known === null ? null : await known.catch(() => null);
    if (current !== null && Date.now() < current.renewAtMs) return current;
    // Of several that wait, the first one signs in.
    if (this.#session !== known) return this.#signedIn();
    const next = current?.renewable ? this.#renew(current) : this.#signIn();
    this.#session = next;
    next.catch(() => {
      if (this.#session === next) this.#session = null;
    });
    return next;
  }

  async #renew({ token }: Session): Promise<Session> {
    try {
      const answer = await this.#ask("POST", "auth/token/renew-self", "its own token", { token, body: {} });
      return sessionOf(mapping(answer.auth), token);
    } catch (error) {
      if (error instanceof VaultError && error.status !== null) return this.#signIn();
      throw error;
    }
  }

  async #signIn(): Promise<Session> {
    const { auth } = this.#options;
    if (auth.method === "token") {
      const answer = await this.#ask("GET", "auth/token/lookup-self", "its own token", { token: auth.token });
      const { ttl, renewable } = mapping(answer.data);
      return sessionOf({ lease_duration: ttl, renewable }, auth.token);
    }
    const body =
      auth.method === "approle"
        ? { role_id: auth.roleId, secret_id: auth.secretId }
        : { role: auth.role, jwt: await serviceAccountToken(auth.tokenFile) };
    const answer = await this.#ask("POST", `auth/${auth.mount}/login`, `a sign-in by ${auth.method}`, { body });
    const { client_token: token } = mapping(answer.auth);
    if (typeof token !== "string") throw new VaultError(`Vault gave no token for a sign-in by ${auth.method}`);
    return sessionOf(mapping(answer.auth), token);
  }

  async #ask(
    method: Dispatcher.HttpMethod,
    apiPath: string,
    what: string,
    { token, body }: { token?: string; body?: object },
  ): Promise<Record<string, unknown>> {
    const { address, namespace } = this.#options;
    const url = new URL(address);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/${encodePath(apiPath)}`;
    const headers = {
      "x-vault-request": "true",
      ...(token === undefined ? {} : { "x-vault-token": token }),
      ...(namespace === null ? {} : { "x-vault-namespace": namespace }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const sent = { dispatcher: this.#agent, method, headers, body: body === undefined ? null : JSON.stringify(body) };
    let status: number;
    let text: string;
    try {
      let answer = await request(url, sent);
      const { location } = answer.headers;
      // A node on standby may send one on to the active one.
      if ((answer.statusCode === 307 || answer.statusCode === 308) && typeof location === "string") {
        await answer.body.dump();
        const next = new URL(location, url);
        if (next.protocol !== url.protocol)
          throw new VaultError(`Vault at ${address.origin} redirects to ${next.protocol}`);
        answer = await request(next, sent);
      }
      status = answer.statusCode;
      text = await answer.body.text();
    } catch (error) {
      if (error instanceof VaultError) throw error;
      throw new VaultError(`Vault at ${address.origin} can't be reached (${codeOf(error)})`);
    }
    if (status !== 200) throw new VaultError(refusalOf(address.origin, status, what), status);
    return mapping(parse(text));
  }
}

function sessionOf({ lease_duration, renewable }: Record<string, unknown>, token: string): Session {
  const lifeMs = secondsOf(lease_duration);
  const renewAtMs = lifeMs === null ? Number.POSITIVE_INFINITY : Date.now() + lifeMs * RENEW_AFTER;
  return { token, renewAtMs, renewable: renewable === true };
}

function refusalOf(origin: string, status: number, what: string): string {
  if (status === 403) return `Vault at ${origin} refuses ${what} (403): the token is not good, or its policies say no`;
  if (status === 404) return `Vault has nothing at ${what}`;
  if (status === 503) return `Vault at ${origin} is sealed, or under maintenance (503)`;
  return `Vault at ${origin} answers ${status} to ${what}`;
}

function apiPathOf(path: string, mount: string, isVersion2: boolean): string {
  const rest = path.slice(mount.length);
  return isVersion2 && !rest.startsWith("data/") ? `${mount}data/${rest}` : path;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

async function serviceAccountToken(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch {
    throw new VaultOptionsError(
      "the token of the Kubernetes service account can't be read: VAULT_KUBERNETES_TOKEN_FILE",
    );
  }
}

function secondsOf(value: unknown): number | null {
  return typeof value === "number" && value > 0 ? value * 1000 : null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function mapping(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
