import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnswerContext, SseEvent } from "../../../src/contracts/dialect.ts";
import type { ChatEvent } from "../../../src/contracts/ir.ts";
import { anthropicInbound, anthropicOutbound, anthropicPassthrough } from "../../../src/dialects/anthropic/index.ts";

const context: AnswerContext = { model: "public/name", requestId: "req_1", includeUsage: true };
const target = { model: "claude-opus-4-8", defaultMaxOutputTokens: 4096 };

function format(events: readonly ChatEvent[]): string {
  const formatter = anthropicInbound.createStreamFormatter(context);
  return events.map((event) => formatter.push(event)).join("");
}

function readSse(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event: event ?? "", data }) });
  parser.feed(text);
  return events;
}

function parse(events: readonly SseEvent[]): ChatEvent[] {
  const parser = anthropicOutbound.createStreamParser(target);
  return [...events.flatMap((event) => parser.push(event)), ...parser.finish()];
}

const event = (data: object): SseEvent => ({ event: "", data: JSON.stringify(data) });
const messageStart = event({ type: "message_start", message: { id: "msg_1", model: "m", usage: { input_tokens: 3 } } });

/** What an answer says, whichever way it was cut into events. */
function summary(events: readonly ChatEvent[]): unknown {
  const content: { kind: string; text: string; id?: string }[] = [];
  const calls = new Map<number, { kind: string; text: string; id?: string }>();
  const add = (kind: string, text: string) => {
    const last = content.at(-1);
    if (last?.kind === kind) last.text += text;
    else content.push({ kind, text });
  };
  let finish: unknown = null;
  for (const entry of events) {
    if (entry.type === "text" || entry.type === "thinking") add(entry.type, entry.text);
    if (entry.type === "thinking_signature") content.push({ kind: "signature", text: String(entry.signature) });
    if (entry.type === "tool_call_start") {
      const call = { kind: "call", text: "", id: entry.id };
      calls.set(entry.index, call);
      content.push(call);
    }
    if (entry.type === "tool_call_delta") {
      const call = calls.get(entry.index);
      if (call !== undefined) call.text += entry.arguments;
    }
    if (entry.type === "finish") finish = entry.reason;
  }
  return { content, finish };
}

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 });
const textRun = fc
  .array(text, { minLength: 1, maxLength: 3 })
  .map((texts) => texts.map((part): ChatEvent => ({ type: "text", choice: 0, text: part })));
const thinkingRun = fc.tuple(text, text).map(([thought, signature]): ChatEvent[] => [
  { type: "thinking", choice: 0, text: thought },
  { type: "thinking_signature", choice: 0, signature },
]);
const args = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 })
  .map((value) => JSON.stringify(value));
/** Parallel calls whose argument pieces come in any order between the calls, as a provider may send them. */
const callRun = fc
  .tuple(fc.array(args, { minLength: 1, maxLength: 3 }), fc.infiniteStream(fc.nat(2)))
  .map(([list, order]) => {
    const events: ChatEvent[] = list.map((_, index) => ({
      type: "tool_call_start",
      choice: 0,
      index,
      id: `c${index}`,
      name: "f",
    }));
    const pieces = list.map((value) => [value.slice(0, 1), value.slice(1)]);
    while (pieces.some((rest) => rest.length > 0)) {
      const index = Number(order.next().value) % pieces.length;
      const piece = pieces[index]?.shift();
      if (piece !== undefined) events.push({ type: "tool_call_delta", choice: 0, index, arguments: piece });
    }
    return events;
  });
const answer = fc
  .tuple(fc.array(fc.oneof(textRun, thinkingRun), { maxLength: 4 }), fc.option(callRun, { nil: [] }))
  .map(([runs, calls]): ChatEvent[] => [
    { type: "start", id: "msg_1", model: "m" },
    ...runs.flat(),
    ...calls,
    { type: "finish", choice: 0, reason: calls.length > 0 ? "tool_calls" : "stop" },
    { type: "usage", usage: { inputTokens: 9, outputTokens: 4 } },
    { type: "end" },
  ]);

describe("a Messages stream written from the IR", () => {
  it("opens and closes its blocks one after another, and ends with message_delta and message_stop", () => {
    fc.assert(
      fc.property(answer, (events) => {
        const written = readSse(format(events)).map(({ event: name, data }) => ({ name, data: JSON.parse(data) }));
        expect(written.map(({ data }) => data.type)).toStrictEqual(written.map(({ name }) => name));
        expect(written.at(0)?.name).toBe("message_start");
        expect(written.slice(-2).map(({ name }) => name)).toStrictEqual(["message_delta", "message_stop"]);
        let open: number | null = null;
        let blocks = 0;
        for (const { name, data } of written.slice(1, -2)) {
          if (name === "content_block_start") {
            expect(open).toBeNull();
            expect(data.index).toBe(blocks++);
            open = data.index;
          } else {
            expect(data.index).toBe(open);
            if (name === "content_block_stop") open = null;
          }
        }
        expect(open).toBeNull();
      }),
    );
  });

  it("says the same when it is read back", () => {
    fc.assert(
      fc.property(answer, (events) => {
        const read = parse(readSse(format(events)));
        expect(summary(read)).toStrictEqual(summary(events));
        expect(read.at(-1)).toStrictEqual({ type: "end" });
        expect(read.filter((entry) => entry.type === "usage").at(-1)).toStrictEqual({
          type: "usage",
          usage: { inputTokens: 9, outputTokens: 4, cachedInputTokens: 0, cacheWriteTokens: 0 },
        });
      }),
    );
  });

  it("shows the caller's name of the model and leaves out choices that were not asked for", () => {
    const written = format([
      { type: "start", id: "", model: "provider/name" },
      { type: "text", choice: 1, text: "other" },
      { type: "end" },
    ]);
    expect(written).toContain('"model":"public/name"');
    expect(written).toContain('"id":"req_1"');
    expect(written).not.toContain("other");
  });
});

describe("a Messages stream of a provider", () => {
  it("is an error when it breaks off", () => {
    expect(parse([messageStart]).at(-1)).toMatchObject({ type: "error", failure: { status: 502 } });
    expect(parse([])).toMatchObject([{ type: "error", failure: { status: 502 } }]);
  });

  it.each(["{", "[]", "null", "overloaded"])("is an error when an event is no JSON object: %s", (data) => {
    const events = parse([messageStart, { event: "content_block_delta", data }, event({ type: "message_stop" })]);
    expect(events.slice(1)).toMatchObject([{ type: "error", failure: { status: 502 } }]);
  });

  it("passes over events and fields it does not know", () => {
    const events = parse([
      messageStart,
      event({ type: "ping" }),
      event({ type: "later_event" }),
      event({ type: "content_block_delta", index: 7, delta: { type: "input_json_delta", partial_json: "{}" } }),
      event({ type: "content_block_start", index: 0 }),
      event({ type: "content_block_stop", index: 0 }),
      event({ type: "message_delta", delta: { stop_reason: "later_reason" } }),
      event({ type: "message_stop" }),
      event({ type: "message_stop" }),
    ]);
    expect(events.slice(1)).toStrictEqual([{ type: "finish", choice: 0, reason: "other" }, { type: "end" }]);
  });

  it("reports tool input given whole at the start of its block", () => {
    const events = parse([
      messageStart,
      event({
        type: "content_block_start",
        index: 0,
        content_block: { type: "tool_use", id: "a", name: "f", input: { x: 1 } },
      }),
      event({ type: "content_block_stop", index: 0 }),
      event({ type: "message_stop" }),
    ]);
    expect(events.filter((entry) => entry.type === "tool_call_delta")).toStrictEqual([
      { type: "tool_call_delta", choice: 0, index: 0, arguments: '{"x":1}' },
    ]);
  });
});

describe("a Messages stream passed through", () => {
  const named = (data: { type: string; [key: string]: unknown }): SseEvent => ({
    event: data.type,
    data: JSON.stringify(data),
  });

  it("is watched for usage, model and end", () => {
    const watcher = anthropicPassthrough.createUsageWatcher(false);
    expect(watcher).toMatchObject({ usage: null, model: null, finished: false, failure: null });
    const usage = { input_tokens: 3, cache_read_input_tokens: 40, cache_creation_input_tokens: 7, output_tokens: 1 };
    expect(watcher.push(named({ type: "message_start", message: { model: "m-1", usage } }))).toBe(true);
    expect(watcher.push({ event: "content_block_delta", data: "not even JSON" })).toBe(true);
    expect(
      watcher.push(named({ type: "message_delta", delta: {}, usage: { input_tokens: null, output_tokens: 15 } })),
    ).toBe(true);
    expect(watcher.finished).toBe(false);
    expect(watcher.push(named({ type: "message_stop" }))).toBe(true);
    expect(watcher.finished).toBe(true);
    expect(watcher.model).toBe("m-1");
    expect(watcher.usage).toStrictEqual({
      inputTokens: 50,
      outputTokens: 15,
      cachedInputTokens: 40,
      cacheWriteTokens: 7,
    });
  });

  it("is watched for errors", () => {
    const watcher = anthropicPassthrough.createUsageWatcher(false);
    watcher.push(named({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }));
    expect(watcher.failure).toMatchObject({ status: 529, type: "overloaded_error", message: "Overloaded" });
    expect(watcher.finished).toBe(false);
  });

  it("gives usage and model of a whole answer", () => {
    const body = { type: "message", model: "m-1", usage: { input_tokens: 3, output_tokens: 2 } };
    expect(anthropicPassthrough.readUsage(body)).toStrictEqual({
      usage: { inputTokens: 3, outputTokens: 2 },
      model: "m-1",
    });
    expect(anthropicPassthrough.readUsage("<html>")).toStrictEqual({ usage: null, model: null });
  });
});
