import { expect } from "vitest";

export interface Asked {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
  body: any;
}

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** Speaks to the admin API as one person or machine. */
export class AdminClient {
  readonly #fetch: Fetch;
  readonly #headers: Record<string, string>;

  constructor(fetch: Fetch, headers: Record<string, string> = {}) {
    this.#fetch = fetch;
    this.#headers = headers;
  }

  static at(url: string): AdminClient {
    return new AdminClient((path, init) => fetch(url + path, init));
  }

  with(headers: Record<string, string>): AdminClient {
    return new AdminClient(this.#fetch, { ...this.#headers, ...headers });
  }

  withToken(token: string): AdminClient {
    return this.with({ authorization: `Bearer ${token}` });
  }

  async signIn(email: string, password: string): Promise<AdminClient> {
    const answer = await this.post("/session", { email, password });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    return this.with({ cookie });
  }

  get(path: string): Promise<Asked> {
    return this.ask("GET", path);
  }

  post(path: string, body: object = {}): Promise<Asked> {
    return this.ask("POST", path, body);
  }

  put(path: string, body: object): Promise<Asked> {
    return this.ask("PUT", path, body);
  }

  patch(path: string, body: object): Promise<Asked> {
    return this.ask("PATCH", path, body);
  }

  delete(path: string): Promise<Asked> {
    return this.ask("DELETE", path);
  }

  async ask(method: string, path: string, body?: object): Promise<Asked> {
    const response = await this.#fetch(`/api/v1${path}`, {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson =
      /json/.test(response.headers.get("content-type") ?? "") &&
      !/ndjson/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== "" ? JSON.parse(text) : text,
    };
  }

  /** The body of an answer that has to be good. */
  async do(method: string, path: string, body?: object): Promise<Asked["body"]> {
    const answer = await this.ask(method, path, body);
    expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    return answer.body;
  }
}
