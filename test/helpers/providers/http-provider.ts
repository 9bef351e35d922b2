import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { PassThrough, type Transform } from "node:stream";
import { createBrotliCompress, createDeflate, createGzip } from "node:zlib";
import { waitFor } from "../wait-for.ts";
import type { Behaviour } from "./behaviour.ts";

/** A request as it arrived at a simulated provider. */
export interface RecordedRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The exact bytes, as UTF-8 text. */
  text: string;
  /** Parsed JSON; undefined when the body was none. */
  body: Record<string, unknown> | undefined;
  /** Unix time at which the whole request was there. */
  arrivedAtMs: number;
  /** The caller closed the connection before the answer was complete. */
  aborted: boolean;
}

/** What a provider wants to answer: a whole body, or the events of a stream, one text or frame each. */
export type ProviderAnswer =
  | { status: number; headers?: Record<string, string>; body: unknown }
  | { status: 200; headers?: Record<string, string>; events: readonly (string | Buffer)[] };

/** Thrown by a provider that refuses a request. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;

  constructor(status: number, body: unknown, headers: Record<string, string> = {}) {
    super(`refused with ${status}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export interface ProviderDialect {
  /** Throws Refusal. */
  answer(request: RecordedRequest): ProviderAnswer;
  /** An event with which this provider ends a stream that went wrong. */
  errorEvent: string | Buffer;
  /** Of every answer. */
  headers: Record<string, string>;
}

export interface SimulatedProvider {
  /** `http://127.0.0.1:port` and the API's version path: the `base_url` of a configuration. */
  baseUrl: string;
  /** The one credential it accepts. */
  key: string;
  /** In the order of arrival. */
  requests: RecordedRequest[];
  /** The last request. */
  readonly last: RecordedRequest;
  /** What to do with the next requests, one entry each; after that it answers as it should. */
  behave(...behaviours: Behaviour[]): void;
  /** What to do with every request that has no entry of its own; null: answer as it should. */
  always(behaviour: Behaviour | null): void;
  /** Forgets requests and behaviours. */
  reset(): void;
  /** Milliseconds between two events of a stream. */
  pace(eventIntervalMs: number): void;
  /** Resolves when this many requests have arrived. */
  arrived(count: number): Promise<RecordedRequest[]>;
  /** Sockets open at the moment. */
  readonly connections: number;
  close(): Promise<void>;
}

/** A real HTTP server on a free port of the loopback interface that speaks one provider's dialect. */
export async function startProvider(
  dialect: ProviderDialect,
  options: { versionPath: string; key: string },
): Promise<SimulatedProvider> {
  const requests: RecordedRequest[] = [];
  const queue: Behaviour[] = [];
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let standing: Behaviour | null = null;
  let eventIntervalMs = 0;

  const later = (ms: number, run: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
  };

  const server = createServer({ keepAliveTimeout: 30_000 }, (message, response) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("error", () => {});
    message.on("end", () => {
      const request = recordOf(message, Buffer.concat(chunks));
      requests.push(request);
      response.on("close", () => {
        request.aborted = !response.writableFinished;
      });
      const behaviour = queue.shift() ?? standing;
      const delayMs = behaviour?.kind === "delay" ? behaviour.ms : 0;
      const respond = () => new Reply(message, response, dialect, eventIntervalMs, later).give(request, behaviour);
      if (delayMs > 0) later(delayMs, respond);
      else respond();
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    baseUrl: `http://127.0.0.1:${port}${options.versionPath}`,
    key: options.key,
    requests,
    get last() {
      const request = requests.at(-1);
      if (request === undefined) throw new Error("the provider was never called");
      return request;
    },
    behave: (...behaviours) => void queue.push(...behaviours),
    always: (behaviour) => {
      standing = behaviour;
    },
    reset: () => {
      requests.length = 0;
      queue.length = 0;
      standing = null;
      eventIntervalMs = 0;
    },
    pace: (ms) => {
      eventIntervalMs = ms;
    },
    arrived: (count) =>
      waitFor(() => (requests.length >= count ? requests : null), `${count} requests at the simulated provider`),
    get connections() {
      return sockets.size;
    },
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function recordOf(message: IncomingMessage, bytes: Buffer): RecordedRequest {
  const url = new URL(message.url ?? "/", "http://provider");
  const text = bytes.toString();
  return {
    method: message.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: message.headers,
    text,
    body: parseObject(text),
    arrivedAtMs: Date.now(),
    aborted: false,
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

const COMPRESSORS: Record<string, () => Transform> = {
  gzip: createGzip,
  deflate: createDeflate,
  br: createBrotliCompress,
};

/** One answer on its way out, as the dialect wants it or as the behaviour spoils it. */
class Reply {
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #dialect: ProviderDialect;
  #eventIntervalMs: number;
  readonly #later: (ms: number, run: () => void) => void;

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    dialect: ProviderDialect,
    eventIntervalMs: number,
    later: (ms: number, run: () => void) => void,
  ) {
    this.#message = message;
    this.#response = response;
    this.#dialect = dialect;
    this.#eventIntervalMs = eventIntervalMs;
    this.#later = later;
  }

  give(request: RecordedRequest, behaviour: Behaviour | null): void {
    const { socket } = this.#message;
    switch (behaviour?.kind) {
      case "status":
        this.#send(behaviour.status, behaviour.headers ?? {}, behaviour.body ?? "");
        return;
      case "reset":
        socket.resetAndDestroy();
        return;
      case "stall":
        return;
      case "half-close":
        socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n");
        socket.end();
        return;
      case "garbage":
        socket.end("\u0016\u0003\u0001 SSH-2.0-OpenSSH_9.2\r\n\r\n");
        return;
      case "events":
        this.#eventIntervalMs = behaviour.intervalMs;
        this.#stream({ status: 200, events: behaviour.events }, behaviour.events.length, "end");
        return;
      case "not-json":
        this.#sendRaw(200, { "content-type": "application/json" }, "<html><body>It works!</body></html>");
        return;
      default:
        this.#giveAnswer(this.#answerTo(request), behaviour);
    }
  }

  #answerTo(request: RecordedRequest): ProviderAnswer {
    try {
      return this.#dialect.answer(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, headers: error.headers, body: error.body };
    }
  }

  #giveAnswer(answer: ProviderAnswer, behaviour: Behaviour | null): void {
    const isStream = "events" in answer;
    switch (behaviour?.kind) {
      case "length-too-long":
      case "length-too-short":
        this.#lieAboutLength(answer, behaviour.kind === "length-too-long" ? 100 : -10);
        return;
      case "compress":
        this.#compress(answer, behaviour.coding);
        return;
      case "error-event":
        if (isStream) this.#stream(answer, behaviour.afterEvents, "end", behaviour.event ?? this.#dialect.errorEvent);
        return;
      case "malformed-event":
        if (isStream)
          this.#stream(answer, behaviour.afterEvents, "go-on", 'event: message\ndata: {"choices": [{"ind\n\n');
        return;
      case "cut-stream":
        if (isStream) this.#stream(answer, behaviour.afterEvents, "cut");
        return;
      case "end-stream":
        if (isStream) this.#stream(answer, behaviour.afterEvents, "end");
        return;
      case "stall-stream":
        if (isStream) this.#stream(answer, behaviour.afterEvents, "stall");
        return;
      default:
        if (isStream) this.#stream(answer, answer.events.length, "end");
        else this.#send(answer.status, answer.headers ?? {}, answer.body);
    }
  }

  #compress(answer: ProviderAnswer, coding: string): void {
    const isStream = "events" in answer;
    const pieces = isStream ? answer.events : [JSON.stringify(answer.body)];
    const compressor = COMPRESSORS[coding]?.() ?? new PassThrough();
    const type = isStream ? "text/event-stream" : "application/json";
    this.#response.writeHead(answer.status, {
      ...this.#dialect.headers,
      "content-type": type,
      "content-encoding": coding,
    });
    compressor.pipe(this.#response);
    for (const piece of pieces) compressor.write(piece);
    compressor.end();
  }

  #send(status: number, headers: Record<string, string>, body: unknown): void {
    const isText = typeof body === "string";
    const type = isText ? "text/html; charset=utf-8" : "application/json";
    this.#sendRaw(status, { "content-type": type, ...headers }, isText ? body : JSON.stringify(body));
  }

  #sendRaw(status: number, headers: Record<string, string>, body: string): void {
    this.#response.writeHead(status, {
      ...this.#dialect.headers,
      "content-length": Buffer.byteLength(body),
      ...headers,
    });
    this.#response.end(body);
  }

  /** Sends so many events, then one of its own if given, and then ends, goes on, stalls or cuts the connection. */
  #stream(
    { headers, events }: Extract<ProviderAnswer, { events: readonly (string | Buffer)[] }>,
    count: number,
    then: "end" | "go-on" | "stall" | "cut",
    inserted?: string | Buffer,
  ): void {
    const response = this.#response;
    response.writeHead(200, {
      ...this.#dialect.headers,
      "content-type": "text/event-stream; charset=utf-8",
      ...headers,
    });
    response.flushHeaders();
    const texts = events.slice(0, count);
    if (inserted !== undefined) texts.push(inserted);
    if (then === "go-on") texts.push(...events.slice(count));
    const writeNext = (index: number): void => {
      if (response.destroyed) return;
      const text = texts[index];
      if (text !== undefined) {
        response.write(text, () => this.#next(() => writeNext(index + 1)));
      } else if (then === "end" || then === "go-on") response.end();
      // What was written must be on its way: a reset throws away what is not sent yet.
      else if (then === "cut") this.#later(20, () => this.#message.socket.resetAndDestroy());
    };
    writeNext(0);
  }

  #next(run: () => void): void {
    if (this.#eventIntervalMs > 0) this.#later(this.#eventIntervalMs, run);
    else setImmediate(run);
  }

  #lieAboutLength(answer: ProviderAnswer, differenceBytes: number): void {
    const isStream = "events" in answer;
    const body = isStream
      ? Buffer.concat(answer.events.map((event) => Buffer.from(event)))
      : Buffer.from(JSON.stringify(answer.body));
    const type = answer.headers?.["content-type"] ?? (isStream ? "text/event-stream" : "application/json");
    const head = `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${body.length + differenceBytes}\r\n\r\n`;
    this.#message.socket.write(head);
    this.#message.socket.end(body);
  }
}
