/** Speaks to the admin API as a person who has signed in. */
export class AdminSession {
  readonly #url: string;
  readonly #cookie: string;

  private constructor(url: string, cookie: string) {
    this.#url = url;
    this.#cookie = cookie;
  }

  static async signIn(adminPort: number, email: string, password: string): Promise<AdminSession> {
    const url = `http://127.0.0.1:${adminPort}/api/v1`;
    const answer = await fetch(`${url}/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    if (answer.status !== 201) throw new Error(`signing in was answered with ${answer.status}`);
    return new AdminSession(url, (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "");
  }

  /** Throws for answers that are no success. Null: without a body. */
  async ask(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(this.#url + path, {
      method,
      headers: { cookie: this.#cookie, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  }
}
