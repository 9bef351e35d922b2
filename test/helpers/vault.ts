import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface VaultOptions {
  tls?: { cert: string; key: string };
  namespace?: string;
  /** Of the tokens that sign-ins give. */
  tokenTtlSeconds?: number;
}

interface Mount {
  version: 1 | 2;
  secrets: Map<string, Record<string, unknown>>;
  leaseSeconds: number;
}

export const ROOT_TOKEN = "hvs.canary-root-token";
export const ROLE = { role_id: "tidegate-role", secret_id: "canary-secret-id" };
export const KUBERNETES = { role: "tidegate", jwt: "canary.service.account" };

/**
 * HashiCorp Vault as far as its API documentation says what key/value stores (1 and 2), AppRole, Kubernetes and tokens do. Strict:
 * what a real Vault refuses, this refuses, and what is no part of the API is noted in `faults`.
 */
export class SimulatedVault {
  readonly mounts = new Map<string, Mount>();
  readonly tokens = new Map<string, { endsAtMs: number }>([[ROOT_TOKEN, { endsAtMs: Number.POSITIVE_INFINITY }]]);
  /** What was asked, e.g. `GET secret/data/a`. */
  /** Of tokens that are made or renewed from now on. */
  tokenTtlSeconds = 3600;
  readonly asked: string[] = [];
  readonly faults: string[] = [];
  /** Answers with this status instead, e.g. 503: sealed. */
  failsWith: number | null = null;
  readonly #options: VaultOptions;
  readonly #server: Server;
  #tokens = 0;

  static async start(options: VaultOptions = {}): Promise<SimulatedVault> {
    const vault = new SimulatedVault(options);
    await new Promise<void>((resolve) => vault.#server.listen(0, "127.0.0.1", resolve));
    return vault;
  }

  private constructor(options: VaultOptions) {
    this.#options = options;
    this.tokenTtlSeconds = options.tokenTtlSeconds ?? 3600;
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    this.#server = options.tls === undefined ? createHttpServer(listener) : createHttpsServer(options.tls, listener);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  }

  mount(path: string, version: 1 | 2, leaseSeconds = 0): void {
    this.mounts.set(path, { version, secrets: new Map(), leaseSeconds });
  }

  /** `path` as `vault kv put` takes it; null deletes it. */
  put(path: string, data: Record<string, unknown> | null): void {
    const { mount, rest } = this.#mountOf(path) ?? {};
    if (mount === undefined || rest === undefined) throw new Error(`nothing is mounted at ${path}`);
    if (data === null) mount.secrets.delete(rest);
    else mount.secrets.set(rest, data);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #mountOf(path: string): { name: string; mount: Mount; rest: string } | null {
    for (const [name, mount] of this.mounts) {
      if (path.startsWith(name)) return { name, mount, rest: path.slice(name.length) };
    }
    return null;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const path = decodeURIComponent((request.url ?? "").replace(/^\/v1\//, ""));
    this.asked.push(`${request.method} ${path}`);
    const answer = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (!request.url?.startsWith("/v1/")) this.faults.push(`no API path: ${request.url}`);
    if (request.headers["x-vault-request"] !== "true") this.faults.push("X-Vault-Request is missing");
    if (this.failsWith !== null) return answer(this.failsWith, { errors: ["canary-vault-message"] });
    if ((request.headers["x-vault-namespace"] ?? "") !== (this.#options.namespace ?? "")) {
      return answer(404, { errors: ["no handler for route"] });
    }
    if (request.method === "POST" && path === "auth/approle/login") return this.#signIn(text, ROLE, answer);
    if (request.method === "POST" && path === "auth/kubernetes/login") return this.#signIn(text, KUBERNETES, answer);
    const token = this.tokens.get(String(request.headers["x-vault-token"]));
    if (token === undefined || token.endsAtMs <= Date.now()) return answer(403, { errors: ["permission denied"] });
    const ttl = token.endsAtMs === Number.POSITIVE_INFINITY ? 0 : Math.ceil((token.endsAtMs - Date.now()) / 1000);
    if (request.method === "GET" && path === "auth/token/lookup-self") {
      return answer(200, { data: { ttl, renewable: ttl > 0 } });
    }
    if (request.method === "POST" && path === "auth/token/renew-self") {
      token.endsAtMs = Date.now() + this.#ttlMs;
      return answer(200, { auth: { lease_duration: this.#ttlMs / 1000, renewable: true } });
    }
    if (request.method !== "GET") return answer(405, { errors: ["unsupported operation"] });
    if (path.startsWith("sys/internal/ui/mounts/")) return this.#describe(path.slice(23), answer);
    return this.#read(path, answer);
  }

  get #ttlMs(): number {
    return this.tokenTtlSeconds * 1000;
  }

  #signIn(text: string, expected: object, answer: (status: number, body: object) => void): void {
    if (JSON.stringify(JSON.parse(text)) !== JSON.stringify(expected)) {
      answer(400, { errors: ["invalid role or secret ID"] });
      return;
    }
    const token = `hvs.canary-token-${++this.#tokens}`;
    this.tokens.set(token, { endsAtMs: Date.now() + this.#ttlMs });
    answer(200, { auth: { client_token: token, lease_duration: this.#ttlMs / 1000, renewable: true } });
  }

  #describe(path: string, answer: (status: number, body: object) => void): void {
    const found = this.#mountOf(path);
    if (found === null) answer(403, { errors: ["preflight capability check returned 403"] });
    else {
      const { name, mount } = found;
      answer(200, { data: { path: name, type: "kv", options: mount.version === 2 ? { version: "2" } : null } });
    }
  }

  #read(path: string, answer: (status: number, body: object) => void): void {
    const found = this.#mountOf(path);
    if (found === null) {
      answer(403, { errors: ["permission denied"] });
      return;
    }
    const { mount, rest } = found;
    if (mount.version === 2 && !rest.startsWith("data/")) {
      answer(404, { errors: [], warnings: ["Invalid path for a versioned K/V secrets engine."] });
      return;
    }
    const data = mount.secrets.get(mount.version === 2 ? rest.slice(5) : rest);
    if (data === undefined) answer(404, { errors: [] });
    else if (mount.version === 1) answer(200, { data, lease_duration: mount.leaseSeconds, renewable: false });
    else
      answer(200, { data: { data, metadata: { version: 1, deletion_time: "", destroyed: false } }, lease_duration: 0 });
  }
}
