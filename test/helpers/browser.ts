interface Cookie {
  value: string;
  path: string;
  sameSite: string;
}

export interface Visited {
  url: string;
  status: number;
  headers: Headers;
  text: string;
}

type Load = (url: string, init: RequestInit) => Promise<Response>;

const MAX_REDIRECTS = 10;

/**
 * What of a browser the tests need: cookies by origin, path and SameSite (RFC 6265bis), redirects and forms. `loaders`: origins
 * that are served in this process.
 */
export class Browser {
  readonly #cookies = new Map<string, Map<string, Cookie>>();
  readonly #loaders: Readonly<Record<string, Load>>;
  /** Headers of every request, e.g. what the browser wants to be shown. */
  readonly headers: Record<string, string> = { accept: "text/html,*/*;q=0.8" };

  constructor(loaders: Readonly<Record<string, Load>>) {
    this.#loaders = loaders;
  }

  cookie(origin: string, name: string): string | undefined {
    return this.#cookies.get(origin)?.get(name)?.value;
  }

  setCookie(origin: string, name: string, value: string, path = "/"): void {
    const jar = this.#cookies.get(origin) ?? new Map<string, Cookie>();
    this.#cookies.set(origin, jar.set(name, { value, path, sameSite: "lax" }));
  }

  forget(origin: string): void {
    this.#cookies.delete(origin);
  }

  /**
   * Goes to a URL, typed or followed from a page of `from`, and wherever it is redirected. `stopAt`: what it would ask for next is
   * returned instead, with the status 0.
   */
  async open(url: string, options: { from?: string; stopAt?: RegExp; form?: URLSearchParams } = {}): Promise<Visited> {
    let next = url;
    let { form } = options;
    /** Once another site is in the chain, SameSite=Strict stays away. */
    let isCrossSite = options.from !== undefined && new URL(options.from).origin !== new URL(url).origin;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      if (options.stopAt?.test(next)) return { url: next, status: 0, headers: new Headers(), text: "" };
      const answer = await this.#ask(next, isCrossSite, form);
      const location = answer.headers.get("location");
      if (answer.status < 300 || answer.status > 399 || location === null) {
        return { url: next, status: answer.status, headers: answer.headers, text: await answer.text() };
      }
      await answer.arrayBuffer();
      const target = new URL(location, next);
      isCrossSite ||= target.origin !== new URL(next).origin;
      next = target.href;
      form = undefined;
    }
    throw new Error(`too many redirects: ${next}`);
  }

  /** Sends the page's one form, with its hidden fields and these. */
  submit(page: Visited, fields: Record<string, string>, options: { stopAt?: RegExp } = {}): Promise<Visited> {
    const action = /<form [^>]*action="([^"]+)"/.exec(page.text)?.[1];
    if (action === undefined) throw new Error(`there is no form at ${page.url} (${page.status}): ${page.text}`);
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const form = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...fields,
    });
    return this.open(new URL(action, page.url).href, { ...options, from: page.url, form });
  }

  async #ask(url: string, isCrossSite: boolean, form: URLSearchParams | undefined): Promise<Response> {
    const { origin, pathname } = new URL(url);
    const jar = [...(this.#cookies.get(origin) ?? [])];
    const cookies = jar
      .filter(([, { path, sameSite }]) => pathname.startsWith(path) && !(isCrossSite && sameSite === "strict"))
      .map(([name, { value }]) => `${name}=${value}`);
    const headers = { ...this.headers, ...(cookies.length === 0 ? {} : { cookie: cookies.join("; ") }) };
    const init = {
      headers,
      redirect: "manual" as const,
      ...(form === undefined ? {} : { method: "POST", body: form }),
    };
    const answer = await (this.#loaders[origin] ?? fetch)(url, init);
    for (const text of answer.headers.getSetCookie()) this.#keep(origin, text);
    return answer;
  }

  #keep(origin: string, text: string): void {
    const [pair = "", ...attributes] = text.split(/; */);
    const name = pair.slice(0, pair.indexOf("="));
    const attribute = (wanted: string) => {
      const found = attributes.map((one) => one.split("=")).find(([key]) => key?.toLowerCase() === wanted);
      return found?.[1];
    };
    const jar = this.#cookies.get(origin) ?? new Map<string, Cookie>();
    this.#cookies.set(origin, jar);
    const expires = attribute("expires");
    const isOver = attribute("max-age") === "0" || (expires !== undefined && Date.parse(expires) <= 0);
    if (isOver) jar.delete(name);
    else {
      const sameSite = attribute("samesite")?.toLowerCase() ?? "lax";
      jar.set(name, { value: pair.slice(name.length + 1), path: attribute("path") ?? "/", sameSite });
    }
  }
}
