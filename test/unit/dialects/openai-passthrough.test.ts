import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SseEvent } from "../../../src/contracts/dialect.ts";
import { openaiPassthrough } from "../../../src/dialects/openai/index.ts";
import { OpenaiStreamParser } from "../../../src/dialects/openai/stream-parser.ts";
import { createSseReader } from "../../../src/dialects/sse/reader.ts";
import { parseStream, TARGET } from "../../helpers/dialects.ts";
import { goldenCases } from "../../helpers/golden.ts";

function eventsOf(bytes: Buffer): SseEvent[] {
  const events: SseEvent[] = [];
  createSseReader({ maxEventBytes: 1 << 20 }, (event) => events.push(event)).push(bytes);
  return events;
}

function watch(events: readonly (string | SseEvent)[], includeUsage: boolean) {
  const watcher = openaiPassthrough.createUsageWatcher(includeUsage);
  const kept = events.map((event) => watcher.push(typeof event === "string" ? { event: "", data: event } : event));
  return { watcher, kept };
}

const first =
  '{"model":"gpt-4o","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}],"usage":null}';
const last = '{"model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason": "stop"}],"usage":null}';
const usage = '{"model":"gpt-4o","choices":[],"usage": {"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}';

describe("openai usage watcher", () => {
  it.each(goldenCases("openai").filter((golden) => golden.has("events.sse")))(
    "sees in $name what the stream parser sees",
    (golden) => {
      const bytes = readFileSync(golden.path("events.sse"));
      const parsed = parseStream(new OpenaiStreamParser(TARGET), [bytes]);
      const { watcher } = watch(eventsOf(bytes), true);
      const error = parsed.find((event) => event.type === "error");
      expect(watcher.usage).toEqual(parsed.find((event) => event.type === "usage")?.usage ?? null);
      if (watcher.failure !== null) expect(watcher.failure).toEqual(error?.failure);
      if (error === undefined) expect(watcher.finished).toBe(true);
    },
  );

  it("drops the usage event that the caller did not ask for, and only that", () => {
    const events = [first, last, usage, "[DONE]"];
    const unasked = watch(events, false);
    expect(unasked.kept).toEqual([true, true, false, true]);
    expect(unasked.watcher).toMatchObject({ model: "gpt-4o", finished: true, failure: null });
    expect(unasked.watcher.usage).toEqual({ inputTokens: 3, outputTokens: 2 });
    expect(watch(events, true).kept).toEqual([true, true, true, true]);
  });

  it("keeps a usage event that also holds an answer", () => {
    const both = usage.replace("[]", '[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]');
    const { watcher, kept } = watch([first, both], false);
    expect(kept).toEqual([true, true]);
    expect(watcher.usage).toEqual({ inputTokens: 3, outputTokens: 2 });
    expect(watcher.finished).toBe(true);
  });

  it("is not misled by answers that talk about usage and errors", () => {
    const texts = [
      "usage",
      '"usage":{"prompt_tokens":1}',
      '{"error":{"message":"x"}}',
      '"finish_reason":"stop"',
      "[DONE]",
    ];
    const chunks = texts.map((content) =>
      JSON.stringify({ model: "m", choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null }),
    );
    const { watcher, kept } = watch([first, ...chunks], false);
    expect(kept.every(Boolean)).toBe(true);
    expect(watcher).toMatchObject({ usage: null, finished: false, failure: null });
  });

  it("knows a stream cut short from a whole one", () => {
    expect(watch([first], true).watcher.finished).toBe(false);
    expect(watch([first, last], true).watcher.finished).toBe(true);
  });

  it("survives anything", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string())), (events) => {
        watch(events, false);
      }),
    );
  });
});

describe("openai answers passed through", () => {
  it.each(goldenCases("openai").filter((golden) => golden.has("answer.json")))("reads usage of $name", (golden) => {
    const body: unknown = JSON.parse(readFileSync(golden.path("answer.json"), "utf8"));
    const answer = JSON.parse(readFileSync(golden.path("answer.ir.json"), "utf8"));
    expect(openaiPassthrough.readUsage(body).usage).toEqual(answer.usage ?? null);
  });

  it.each([null, 3, "x", [], {}])("says nothing of %j", (body) => {
    expect(openaiPassthrough.readUsage(body)).toEqual({ usage: null, model: null });
  });
});
