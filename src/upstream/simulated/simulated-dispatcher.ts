import { createHash } from "node:crypto";
import type { Dispatcher, DispatchHandler, DispatchOptions } from "../../contracts/dispatcher.ts";
import { GatewayError } from "../../contracts/errors.ts";
import { type EchoAnswer, echo, messagesProblem, tokensOf } from "./echo-model.ts";
import { completionOf, otherAnswer, silence } from "./other-answers.ts";

export interface SimulatedSettings {
  /** From the request to the first token of the answer. */
  firstTokenMs: number;
  /** Between tokens of a stream. */
  tokenMs: number;
}

/** Request headers that override the settings of one call, or make it fail. */
export const SIMULATED_HEADERS = {
  firstTokenMs: "x-simulated-first-token-ms",
  tokenMs: "x-simulated-token-ms",
  /** Answer with this HTTP status and an error body. */
  status: "x-simulated-status",
  /** Break a stream off after this many tokens. */
  cutAfterTokens: "x-simulated-cut-after-tokens",
} as const;

const MAX_DELAY_MS = 600_000;
const EMBEDDING_DIMENSIONS = 64;

/**
 * The provider `simulated`: speaks the dialect `openai` without a network. For first steps, demos, benches and tests:
 * deterministic, streams, counts tokens, calls tools.
 */
export class SimulatedDispatcher implements Dispatcher {
  readonly #settings: SimulatedSettings;
  #running = 0;
  #created = 0;

  constructor(settings: SimulatedSettings) {
    this.#settings = settings;
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): void {
    this.#running++;
    const call = new SimulatedCall(handler, () => {
      this.#running--;
    });
    handler.onStart((reason) => call.abort(reason));
    const firstTokenMs = headerNumber(options.headers, SIMULATED_HEADERS.firstTokenMs) ?? this.#settings.firstTokenMs;
    call.after(firstTokenMs, () => this.#answer(options, call));
  }

  stats(): { connected: number; running: number } {
    return { connected: 0, running: this.#running };
  }

  async destroy(): Promise<void> {}

  #answer(options: DispatchOptions, call: SimulatedCall): void {
    const status = headerNumber(options.headers, SIMULATED_HEADERS.status);
    if (status !== undefined && status >= 400) {
      const error = { message: `simulated failure ${status}`, type: "simulated_error", param: null, code: "simulated" };
      call.json(status, { error });
      return;
    }
    const body = parseObject(String(options.body));
    if (body === null) {
      const error = {
        message: "the body is not a JSON object",
        type: "invalid_request_error",
        param: null,
        code: null,
      };
      call.json(400, { error });
      return;
    }
    if (options.path.startsWith("/embeddings")) {
      call.json(200, embeddings(body));
      return;
    }
    if (options.path === "/completions") {
      const stream = completionOf(body, `cmpl-simulated-${++this.#created}`);
      if (body.stream !== true) call.json(200, stream.whole);
      else call.stream(stream.events, headerNumber(options.headers, SIMULATED_HEADERS.tokenMs) ?? 0, undefined);
      return;
    }
    if (options.path === "/audio/speech") {
      call.whole(200, "audio/wav", silence(String(body.input)));
      return;
    }
    const other = otherAnswer(options.path, body);
    if (other !== null) {
      call.json(200, other);
      return;
    }
    if (!options.path.startsWith("/chat/completions")) {
      call.json(404, {
        error: { message: `no such endpoint: ${options.path}`, type: "invalid_request_error", param: null, code: null },
      });
      return;
    }
    const problem = messagesProblem(body.messages);
    if (problem !== null) {
      const error = { message: problem, type: "invalid_request_error", param: "messages", code: null };
      call.json(400, { error });
      return;
    }
    const answer = echo(body);
    const head = {
      id: `chatcmpl-simulated-${++this.#created}`,
      created: Math.floor(Date.now() / 1000),
      model: String(body.model),
    };
    if (body.stream !== true) {
      call.json(200, { ...head, object: "chat.completion", choices: [wholeChoice(answer)], usage: usageOf(answer) });
      return;
    }
    const includeUsage = (body.stream_options as { include_usage?: unknown } | undefined)?.include_usage === true;
    const tokenMs = headerNumber(options.headers, SIMULATED_HEADERS.tokenMs) ?? this.#settings.tokenMs;
    const cutAfter = headerNumber(options.headers, SIMULATED_HEADERS.cutAfterTokens);
    call.stream(streamOf(head, answer, includeUsage), tokenMs, cutAfter);
  }
}

/** One answer on its way: obeys backpressure and abort, ends exactly once. */
class SimulatedCall {
  readonly #handler: DispatchHandler;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  #resume: (() => void) | null = null;
  #over = false;

  constructor(handler: DispatchHandler, onOver: () => void) {
    this.#handler = handler;
    this.#onOver = onOver;
  }

  /** Always in a later turn, as a network would. */
  after(delayMs: number, callback: () => void): void {
    if (this.#over) return;
    const run = () => {
      this.#timer = null;
      callback();
    };
    this.#timer = delayMs > 0 ? setTimeout(run, Math.min(delayMs, MAX_DELAY_MS)) : setImmediate(run);
  }

  abort(reason: Error): void {
    if (!this.#finish()) return;
    this.#handler.onError(reason);
  }

  json(status: number, body: unknown): void {
    this.whole(status, "application/json", Buffer.from(JSON.stringify(body)));
  }

  whole(status: number, type: string, bytes: Buffer): void {
    const ready = this.#handler.onHeaders(status, ["content-type", type, "content-length", String(bytes.length)], () =>
      this.#resumed(),
    );
    this.#whenReady(ready, () => this.#whenReady(this.#handler.onData(bytes), () => this.#complete()));
  }

  stream(events: readonly string[], tokenMs: number, cutAfter: number | undefined): void {
    const ready = this.#handler.onHeaders(200, ["content-type", "text/event-stream"], () => this.#resumed());
    const send = (index: number): void => {
      if (this.#over) return;
      if (cutAfter !== undefined && index > cutAfter) {
        this.abort(new GatewayError("upstream_reset", "the simulated stream was cut"));
        return;
      }
      // Without a pace all goes out at once; else one event a tick of the pace.
      const upTo = tokenMs > 0 || cutAfter !== undefined ? index + 1 : events.length;
      const sent = this.#handler.onData(Buffer.from(events.slice(index, upTo).join("")));
      this.#whenReady(sent, () => {
        if (upTo >= events.length) this.#complete();
        else this.after(tokenMs, () => send(upTo));
      });
    };
    this.#whenReady(ready, () => send(0));
  }

  #whenReady(ready: boolean, next: () => void): void {
    if (this.#over) return;
    if (ready) next();
    else this.#resume = next;
  }

  #resumed(): void {
    const next = this.#resume;
    this.#resume = null;
    if (next !== null && !this.#over) next();
  }

  #complete(): void {
    if (this.#finish()) this.#handler.onComplete([]);
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    if (this.#timer !== null) {
      clearTimeout(this.#timer as NodeJS.Timeout);
      clearImmediate(this.#timer as NodeJS.Immediate);
    }
    this.#onOver();
    return true;
  }
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function headerNumber(headers: readonly string[], name: string): number | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) {
      const value = Number(headers[i + 1]);
      return Number.isFinite(value) && value >= 0 ? value : undefined;
    }
  }
  return undefined;
}

function usageOf(answer: EchoAnswer): object {
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    total_tokens: answer.promptTokens + answer.completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

function wireToolCalls(answer: EchoAnswer): object[] {
  return answer.toolCalls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
}

function wholeChoice(answer: EchoAnswer): object {
  const message =
    answer.toolCalls.length > 0
      ? { role: "assistant", content: null, refusal: null, tool_calls: wireToolCalls(answer) }
      : { role: "assistant", content: answer.pieces.join(""), refusal: null };
  return { index: 0, message, logprobs: null, finish_reason: answer.finishReason };
}

function streamOf(head: object, answer: EchoAnswer, includeUsage: boolean): string[] {
  const usageField = includeUsage ? { usage: null } : {};
  const chunk = (delta: object, finishReason: string | null): string =>
    `data: ${JSON.stringify({
      ...head,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...usageField,
    })}\n\n`;
  const events = [chunk({ role: "assistant", content: answer.toolCalls.length > 0 ? null : "", refusal: null }, null)];
  for (const piece of answer.pieces) events.push(chunk({ content: piece }, null));
  answer.toolCalls.forEach((call, index) => {
    const start = { id: call.id, type: "function", function: { name: call.name, arguments: "" } };
    events.push(chunk({ tool_calls: [{ index, ...start }] }, null));
    for (const part of call.arguments.match(/.{1,12}/gsu) ?? []) {
      events.push(chunk({ tool_calls: [{ index, function: { arguments: part } }] }, null));
    }
  });
  events.push(chunk({}, answer.finishReason));
  if (includeUsage) {
    const usage = { ...head, object: "chat.completion.chunk", choices: [], usage: usageOf(answer) };
    events.push(`data: ${JSON.stringify(usage)}\n\n`);
  }
  events.push("data: [DONE]\n\n");
  return events;
}

function embeddings(body: Record<string, unknown>): object {
  const inputs = Array.isArray(body.input) && typeof body.input[0] !== "number" ? body.input : [body.input];
  const dimensions = typeof body.dimensions === "number" ? body.dimensions : EMBEDDING_DIMENSIONS;
  const tokens = inputs.reduce(
    (sum: number, input) => sum + (Array.isArray(input) ? input.length : tokensOf(String(input)).length),
    0,
  );
  const data = inputs.map((input, index) => {
    const vector = unitVector(JSON.stringify(input), dimensions);
    const embedding =
      body.encoding_format === "base64" ? Buffer.from(new Float32Array(vector).buffer).toString("base64") : vector;
    return { object: "embedding", index, embedding };
  });
  return { object: "list", data, model: body.model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** A unit vector that depends on the text alone. */
function unitVector(text: string, dimensions: number): number[] {
  const values: number[] = [];
  for (let block = 0; values.length < dimensions; block++) {
    const digest = createHash("sha256").update(`${block}:${text}`).digest();
    for (let i = 0; i < digest.length && values.length < dimensions; i += 2) values.push(digest.readInt16LE(i) / 32768);
  }
  const norm = Math.hypot(...values) || 1;
  return values.map((value) => value / norm);
}
