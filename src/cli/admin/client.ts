import { Agent, type Dispatcher, request } from "undici";
import type { z } from "zod";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { VERSION } from "../../platform/version.ts";
import { AdminError, refusal, unreachable } from "./admin-error.ts";
import { listOf, problem } from "./answers.ts";

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Sent {
  body?: object;
  /** Sent as `If-Match`: refused when it was changed since. */
  revision?: number;
  query?: Query;
}

interface Answer {
  status: number;
  headers: Dispatcher.ResponseData["headers"];
  body: Dispatcher.ResponseData["body"];
}

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 60_000;
const PAGE_ITEMS = 500;
const API_PREFIX = "/api/v1";

/** Speaks to the admin API of one server, as one person or machine. Every method throws AdminError. */
export class AdminClient {
  /** Without `/api/v1`. */
  readonly url: string;
  readonly #token: string | null;
  readonly #agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });

  constructor({ url, token }: { url: string; token: string | null }) {
    this.url = url;
    this.#token = token;
  }

  get hasToken(): boolean {
    return this.#token !== null;
  }

  get<Schema extends z.ZodType>(path: string, schema: Schema, query: Query = {}): Promise<z.output<Schema>> {
    return this.send("GET", path, schema, { query });
  }

  async send<Schema extends z.ZodType>(
    method: Dispatcher.HttpMethod,
    path: string,
    schema: Schema,
    sent: Sent = {},
  ): Promise<z.output<Schema>> {
    const answer = await this.ask(method, path, sent);
    const text = await this.#read(answer);
    const parsed = schema.safeParse(text === "" ? undefined : this.#json(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw this.#foreign(`${issue?.path.join(".")}: ${issue?.message}`);
  }

  /** For answers without a body, or with one that nobody reads. */
  async tell(method: Dispatcher.HttpMethod, path: string, sent: Sent = {}): Promise<void> {
    const answer = await this.ask(method, path, sent);
    await this.#read(answer);
  }

  /** Null for what is not there, or not for us to see. */
  async find<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | null> {
    return orNull(this.get(path, schema));
  }

  /** The text of a document; null when there is none. */
  async findText(path: string): Promise<string | null> {
    return orNull(this.ask("GET", path).then((answer) => this.#read(answer)));
  }

  /** All pages of a list, up to `limit` items. */
  async list<Item extends z.ZodType>(
    path: string,
    item: Item,
    query: Query = {},
    limit = Number.POSITIVE_INFINITY,
  ): Promise<z.output<Item>[]> {
    const items: z.output<Item>[] = [];
    for (let cursor: string | undefined; ; ) {
      const wanted = Math.min(PAGE_ITEMS, limit - items.length);
      const page = await this.get(path, listOf(item), { ...query, limit: wanted, cursor });
      items.push(...page.items);
      if (page.next_cursor === null || items.length >= limit) return items;
      cursor = page.next_cursor;
    }
  }

  /** Lists that come whole. */
  async items<Item extends z.ZodType>(path: string, item: Item): Promise<z.output<Item>[]> {
    return (await this.get(path, listOf(item))).items;
  }

  /** The bytes as they come, for what is long. */
  async *stream(path: string): AsyncGenerator<Uint8Array> {
    const { body } = await this.ask("GET", path);
    try {
      yield* body;
    } catch (cause) {
      throw unreachable(this.url, cause);
    }
  }

  /** The answer, if it is a good one. `cookie`: in place of the token. */
  async ask(
    method: Dispatcher.HttpMethod,
    path: string,
    { body, revision, query = {}, cookie }: Sent & { cookie?: string } = {},
  ): Promise<Answer> {
    const target = new URL(`${this.url}${API_PREFIX}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const answer = await request(target, {
      dispatcher: this.#agent,
      method,
      headers: {
        accept: "application/json",
        "user-agent": `tidegate-cli/${VERSION}`,
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(cookie === undefined ? {} : { cookie }),
        ...(revision === undefined ? {} : { "if-match": `"${revision}"` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    }).catch((cause: unknown) => {
      throw unreachable(this.url, cause);
    });
    const { statusCode: status, headers } = answer;
    if (status >= 200 && status < 300) return { status, headers, body: answer.body };
    throw await this.#refusal(path, { status, headers, body: answer.body });
  }

  async #refusal(path: string, answer: Answer): Promise<AdminError> {
    const text = await this.#read(answer);
    const isProblem = /^application\/problem\+json/.test(String(answer.headers["content-type"] ?? ""));
    const parsed = isProblem ? problem.safeParse(this.#json(text)) : null;
    if (parsed?.success !== true) return this.#foreign(`status ${answer.status}`);
    const retryAfter = answer.headers["retry-after"];
    return refusal(answer.status, parsed.data, {
      url: this.url,
      path,
      hasToken: this.hasToken,
      retryAfter: typeof retryAfter === "string" ? retryAfter : null,
    });
  }

  #read({ body }: Answer): Promise<string> {
    return body.text().catch((cause: unknown) => {
      throw unreachable(this.url, cause);
    });
  }

  #json(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#foreign("no JSON");
    }
  }

  /** Something else listens there: the gateway's own port, or a program that is not Tidegate. */
  #foreign(what: string): AdminError {
    const hint = "give the address of `Admin API` that `tidegate start` prints";
    return new AdminError(EXIT.unreachable, `${this.url} does not answer like Tidegate's admin API (${what}); ${hint}`);
  }
}

async function orNull<Value>(asked: Promise<Value>): Promise<Value | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AdminError && error.code === "not_found") return null;
    throw error;
  }
}

/** A step of a path: ids of people are e-mail addresses and the like. Throws StartError for what would be a step of another path. */
export function step(text: string): string {
  if (/^\.{0,2}$/.test(text)) {
    throw new StartError(EXIT.usage, `${text === "" ? "an empty text" : `\`${text}\``} is no id`);
  }
  return encodeURIComponent(text);
}
