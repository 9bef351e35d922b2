import type {
  AnswerContext,
  InboundDialect,
  SseEvent,
  StreamFraming,
  StreamParser,
  TargetModel,
} from "../../src/contracts/dialect.ts";
import { type ErrorCode, GatewayError, type GatewayErrorDetails } from "../../src/contracts/errors.ts";
import type { ChatEvent } from "../../src/contracts/ir.ts";
import { formatSse } from "../../src/dialects/sse/format.ts";
import { createSseReader } from "../../src/dialects/sse/reader.ts";

export const TARGET: TargetModel = { model: "target-model", defaultMaxOutputTokens: 4096 };
export const CONTEXT: AnswerContext = { model: "public-model", requestId: "01TESTREQUEST", includeUsage: true };

/** What a translation gives, or the error it refuses with, as golden files hold it. */
export function attempt(translate: () => unknown): unknown {
  try {
    return translate();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { error: { code: error.code, param: error.param, message: error.message } };
  }
}

/** As golden files hold a GatewayError. */
export interface ErrorFixture extends Omit<GatewayErrorDetails, "cause"> {
  code: ErrorCode;
  message: string;
}

export function toGatewayError({ code, message, ...details }: ErrorFixture): GatewayError {
  return new GatewayError(code, message, details);
}

/** The events of a stream that arrives in these chunks; server-sent events, or in the dialect's own framing. */
export function readEvents(chunks: readonly Buffer[], framing?: StreamFraming): SseEvent[] {
  const events: SseEvent[] = [];
  const onEvent = (event: SseEvent) => void events.push(event);
  const reader =
    framing === undefined
      ? createSseReader({ maxEventBytes: 1 << 20 }, onEvent)
      : framing.createReader(1 << 20, onEvent);
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return events;
}

/** The IR events of a provider's stream that arrives in these chunks. */
export function parseStream(parser: StreamParser, chunks: readonly Buffer[], framing?: StreamFraming): ChatEvent[] {
  const events = readEvents(chunks, framing).flatMap((event) => parser.push(event));
  return [...events, ...parser.finish()];
}

/** Golden files hold streams as server-sent events, to be read by people; these are the bytes that go over the wire. */
export function toWire(text: Buffer, framing: StreamFraming | undefined): Buffer {
  if (framing === undefined) return text;
  const frames: Buffer[] = [];
  createSseReader({ maxEventBytes: 1 << 20 }, ({ event, data }) => frames.push(framing.format(event, data))).push(text);
  return Buffer.concat(frames);
}

/** The other way round. */
export function fromWire(written: string | Buffer, framing: StreamFraming | undefined): string {
  if (framing === undefined) return written.toString();
  let text = "";
  const reader = framing.createReader(1 << 20, ({ event, data }) => {
    text += formatSse(event, data);
  });
  reader.push(Buffer.from(written));
  reader.end();
  return text;
}

/** As golden files hold it. */
export function formatStream(dialect: InboundDialect, events: readonly ChatEvent[], context: AnswerContext): string {
  const formatter = dialect.createStreamFormatter(context);
  const pieces = events.map((event) => Buffer.from(formatter.push(event)));
  return fromWire(Buffer.concat(pieces), dialect.framing);
}

/**
 * What a stream says, whatever the size of its pieces: what two streams must share to be equivalent. Refusals count as
 * text, because not every dialect tells them apart.
 */
export function digestStream(events: readonly ChatEvent[]): unknown {
  const said = new Map<string, string>();
  const add = (key: string, text: string) => said.set(key, (said.get(key) ?? "") + text);
  let usage: object | null = null;
  let ending = "none";
  for (const event of events) {
    if (event.type === "text" || event.type === "refusal") add(`text ${event.choice}`, event.text);
    else if (event.type === "citation")
      add(`citations ${event.choice}`, `${event.citation.sources.map(({ url, id }) => url ?? id).join("+")} `);
    else if (event.type === "thinking") add(`thinking ${event.choice}`, event.text);
    else if (event.type === "thinking_signature") {
      add(`signature ${event.choice}`, `${event.signature ?? ""}|${event.redacted ?? ""}`);
    } else if (event.type === "tool_call_start") {
      add(`call ${event.choice} ${event.index}`, `${event.id} ${event.name} `);
    } else if (event.type === "tool_call_delta") add(`call ${event.choice} ${event.index}`, event.arguments);
    else if (event.type === "usage") {
      const { inputTokens, outputTokens, cachedInputTokens = 0 } = event.usage;
      // Anthropic's streams must state usage: what the provider never told is 0 there.
      usage = inputTokens + outputTokens === 0 ? null : { inputTokens, outputTokens, cachedInputTokens };
    } else if (event.type === "error") ending = event.failure.message;
    else if (event.type === "end") ending = "end";
  }
  return { said: Object.fromEntries([...said].filter(([, text]) => text !== "")), usage, ending };
}
