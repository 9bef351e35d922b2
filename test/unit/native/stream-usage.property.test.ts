import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamUsageWatcher, type UsageDialect } from "../../../native-bindings/scan.ts";
import { parseRawEvent, SseSplitter } from "../../../src/data-plane/pipeline/ai/sse-splitter.ts";
import { expectSame } from "../../helpers/expect-same.ts";
import { GOLDEN } from "../../helpers/golden.ts";
import { runs } from "../../helpers/property-runs.ts";
import {
  anthropicUsage,
  mostly,
  mutatedJson,
  objectOf,
  openaiUsage,
  passthroughs,
  type Written,
} from "./usage-scan.arbitraries.ts";

const DIALECTS: UsageDialect[] = ["openai", "anthropic"];

/** Watches the same events in both languages. Answers whether the native watcher needed no help; they agree until then. */
function compare(dialect: UsageDialect, includeUsage: boolean, events: readonly Buffer[]): boolean {
  const native = new StreamUsageWatcher(dialect, includeUsage);
  const watcher = passthroughs[dialect].createUsageWatcher(includeUsage);
  // What only a parser can tell is taken for a part of the answer: from then on, one event more is counted.
  let beganAlike = true;
  for (const event of events) {
    const before = native.seen;
    const kept = native.push(event);
    const { needsHelp, failureData, model, failed, announces, untoldTokens, ...seen } = native.seen;
    if (needsHelp) {
      expectSame(kept, true);
      // Usage that only a parser can read has been told all the same: what came before it is counted in it.
      expectSame(native.seen, { ...before, needsHelp: true, announces, untoldTokens });
      expectSame(untoldTokens === 0 || untoldTokens === before.untoldTokens, true);
      return false;
    }
    expectSame(kept, watcher.push(parseRawEvent(event)));
    expectSame(
      { ...seen, model, failed },
      {
        usage: watcher.usage,
        finished: watcher.finished,
        model: watcher.model ?? "",
        failed: watcher.failure !== null,
      },
    );
    if (announces) expectSame(watcher.announces, true);
    beganAlike &&= announces === watcher.announces;
    if (beganAlike) expectSame(untoldTokens, watcher.untoldTokens);
    if (failed && !before.failed) expectSame(failureData, parseRawEvent(event).data);
  }
  return true;
}

function eventsOf(bytes: Buffer): Buffer[] {
  const events: Buffer[] = [];
  const splitter = new SseSplitter(1 << 20);
  splitter.push(bytes, (raw) => events.push(raw));
  if (splitter.rest.length > 0) events.push(splitter.rest);
  return events;
}

const goldenStreams = readdirSync(GOLDEN, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".sse"))
  .sort();

it.each(DIALECTS)("the watcher of %s sees in every golden stream what JavaScript's watcher sees", (dialect) => {
  expect(goldenStreams.length).toBeGreaterThan(100);
  for (const path of goldenStreams) {
    const text = readFileSync(join(GOLDEN, path), "utf8");
    for (const eol of ["\n", "\r\n"]) {
      const events = eventsOf(Buffer.from(text.replace(/\r?\n/g, eol)));
      for (const includeUsage of [true, false]) expect(compare(dialect, includeUsage, events), path).toBe(true);
    }
  }
});

const oneOfUsual = (...texts: string[]) => fc.constantFrom(...texts).map((json): Written => ({ json, isUsual: true }));
const model = fc.oneof(
  { weight: 30, arbitrary: oneOfUsual('"gpt-4o"', '"m"', '""', "null", "7") },
  { weight: 1, arbitrary: fc.constantFrom('"gpt\\u002d4"', '"é"').map((json) => ({ json, isUsual: false })) },
);

function listOf(item: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  return fc.array(item, { maxLength: 3 }).map((items) => ({
    json: `[${items.map(({ json }) => json).join(" , ")}]`,
    isUsual: items.every(({ isUsual }) => isUsual),
  }));
}

const content = oneOfUsual(
  '{"content":"Hi"}',
  "{}",
  '{"content":"\\"usage\\": {\\"x\\":1}, \\"error\\":1"}',
  '{"usage":1}',
);
const choice = mostly(
  objectOf({
    delta: content,
    finish_reason: oneOfUsual("null", "null", "null", '"stop"', "7"),
    usage: openaiUsage,
  }),
);
const chunk = mostly(
  objectOf({
    model,
    object: oneOfUsual('"chat.completion.chunk"', '"error"', "null"),
    choices: mostly(listOf(choice)),
    usage: openaiUsage,
    x_groq: mostly(objectOf({ usage: openaiUsage })),
    error: oneOfUsual("null", "null", "false", '"x"', "0", '{"message":"no","code":429}', "{}"),
    message: oneOfUsual('"no"'),
  }),
);
const openaiEvents = fc.oneof(
  { weight: 10, arbitrary: chunk.map((data) => ({ name: "", ...data })) },
  { weight: 1, arbitrary: oneOfUsual("[DONE]", "[DONE] ", " [DONE]", "", "x").map((data) => ({ name: "", ...data })) },
);

const eventNames = [
  ...["message_start", "message_start", "message_start", "message_delta", "message_delta", "message_delta"],
  ...["message_stop", "error", "content_block_delta", "ping"],
];
const anthropicEvents = fc.constantFrom(...eventNames, "").chain((name) => {
  // Most often the name and the type say the same.
  const type = fc.oneof(
    { weight: 6, arbitrary: oneOfUsual(`"${name}"`) },
    { weight: 1, arbitrary: oneOfUsual("null", ...eventNames.map((other) => `"${other}"`)) },
  );
  const data = objectOf({
    type,
    message: mostly(objectOf({ model, usage: anthropicUsage })),
    usage: anthropicUsage,
    error: oneOfUsual("null", '{"type":"overloaded_error","message":"no"}', '"x"'),
  });
  return mostly(data).map((written) => ({ name, ...written }));
});

const layout = fc.record({
  eol: fc.constantFrom("\n", "\r\n"),
  colon: fc.constantFrom(": ", ":"),
  comment: fc.constantFrom("", "", "", ": keep-alive", "id: 7", "data", "\ufeffdata: x", "event: message_stop"),
  ends: fc.boolean(),
  // A line break within the data begins another data line; most often there is none.
  breaks: fc.constantFrom(" ", " ", " ", " ", " ", " ", " ", " ", "\n"),
});

/** One event's bytes. */
const written = (
  { name, json }: { name: string; json: string },
  { eol, colon, comment, ends, breaks }: Layout,
): Buffer => {
  const lines = [
    ...(comment === "" ? [] : [comment]),
    ...(name === "" ? [] : [`event${colon}${name}`]),
    ...json
      .replaceAll("\n", breaks)
      .split("\n")
      .map((line) => `data${colon}${line}`),
  ];
  return Buffer.from(lines.join(eol) + (ends ? eol + eol : ""));
};
type Layout = typeof layout extends fc.Arbitrary<infer Value> ? Value : never;

describe.each([
  { dialect: "openai" as const, events: openaiEvents },
  { dialect: "anthropic" as const, events: anthropicEvents },
])("the watcher of $dialect", ({ dialect, events }) => {
  it("sees in any stream what JavaScript's watcher sees, or says that it needs help", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(events, layout), { maxLength: 6 }), fc.boolean(), (list, includeUsage) => {
        const bytes = list.map(([event, form]) => written(event, form));
        const managed = compare(dialect, includeUsage, bytes);
        const isUsual = list.every(([event, { breaks }]) => event.isUsual && breaks === " ");
        if (isUsual) expect(managed).toBe(true);
      }),
      { numRuns: runs(1500) },
    );
  });

  it("is not misled by broken events", () => {
    const broken = fc.tuple(events, layout).chain(([event, form]) => mutatedJson(written(event, form).toString()));
    fc.assert(
      fc.property(fc.array(broken, { maxLength: 4 }), fc.boolean(), (list, includeUsage) => {
        compare(
          dialect,
          includeUsage,
          list.map((text) => Buffer.from(text)),
        );
      }),
      { numRuns: runs(1500) },
    );
  });

  it("is not misled by any bytes", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom("", "data: ", 'event: error\ndata: {"'),
        (bytes, begin) => {
          compare(dialect, false, [Buffer.concat([Buffer.from(begin), bytes])]);
        },
      ),
    );
  });
});

const asked = '{"model":"gpt-4o","choices":[],"usage": {"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}';

it("drops the usage event that the caller did not ask for", () => {
  const watcher = new StreamUsageWatcher("openai", false);
  expect(watcher.push(Buffer.from(`data: ${asked}\n\n`))).toBe(false);
  expect(watcher.seen.usage).toEqual({ inputTokens: 3, outputTokens: 2 });
  expect(new StreamUsageWatcher("openai", true).push(Buffer.from(`data: ${asked}\n\n`))).toBe(true);
});

it("lets what it can't judge through, and sees what comes after", () => {
  const watcher = new StreamUsageWatcher("openai", false);
  expect(watcher.push(Buffer.from(`data: ${asked.replace("3", "3.5")}\n\n`))).toBe(true);
  expect(watcher.seen).toMatchObject({ usage: null, model: "", needsHelp: true });
  watcher.push(Buffer.from(`data: ${asked}\n\n`));
  watcher.push(Buffer.from("data: [DONE]\n\n"));
  expect(watcher.seen).toMatchObject({ model: "gpt-4o", finished: true, needsHelp: true });
  expect(watcher.seen.usage).toEqual({ inputTokens: 3, outputTokens: 2 });
});

it("needs no help for several data lines that hold nothing to watch", () => {
  const watcher = new StreamUsageWatcher("openai", false);
  watcher.push(Buffer.from('data: {"model":"m"}\n\n'));
  watcher.push(Buffer.from('data: {"choices":\ndata: []}\n\n'));
  expect(watcher.seen.needsHelp).toBe(false);
  watcher.push(Buffer.from('data: {"choices":[],\ndata: "usage":{"prompt_tokens":1}}\n\n'));
  expect(watcher.seen.needsHelp).toBe(true);
});

it("keeps a model's name short and an error's data whole or not at all", () => {
  const watcher = new StreamUsageWatcher("openai", false);
  watcher.push(Buffer.from(`data: {"model":"${"m".repeat(5000)}"}\n\n`));
  expect(watcher.seen.model).toBe("m".repeat(200));
  watcher.push(Buffer.from(`data: {"error":"${"x".repeat(70_000)}"}\n\n`));
  expect(watcher.seen).toMatchObject({ failed: true, failureData: "" });
  watcher.push(Buffer.from('data: {"error":"é"}\n\n'));
  expect(watcher.seen.failureData).toBe('{"error":"é"}');
});

it("adds up what Anthropic tells in pieces; a null takes nothing back", () => {
  const watcher = new StreamUsageWatcher("anthropic", false);
  const push = (type: string, more: object) =>
    watcher.push(Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`));
  const details = { thinking_tokens: 4 };
  push("message_start", { message: { model: "c", usage: { input_tokens: 5, cache_read_input_tokens: 7 } } });
  push("message_delta", { usage: { output_tokens: 9, output_tokens_details: details } });
  push("message_delta", { usage: { input_tokens: null, output_tokens: 11, output_tokens_details: null } });
  push("message_stop", {});
  expect(watcher.seen).toMatchObject({ model: "c", finished: true, failed: false, needsHelp: false });
  expect(watcher.seen.usage).toEqual({
    inputTokens: 12,
    outputTokens: 11,
    cachedInputTokens: 7,
    reasoningTokens: 4,
  });
});
