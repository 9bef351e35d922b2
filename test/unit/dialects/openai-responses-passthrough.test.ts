import { describe, expect, it } from "vitest";
import type { UsageWatcher } from "../../../src/contracts/passthrough.ts";
import { responsesPassthrough } from "../../../src/dialects/openai-responses/index.ts";

const USAGE = { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5 };

function watch(events: readonly object[], named: boolean): UsageWatcher {
  const watcher = responsesPassthrough.createUsageWatcher(true);
  for (const event of events) {
    const name = named && "type" in event ? String(event.type) : "";
    expect(watcher.push({ event: name, data: JSON.stringify(event) })).toBe(true);
  }
  return watcher;
}

const CREATED = { type: "response.created", response: { model: "gpt-5-mini-2025-08-07", usage: null } };
const DELTA = { type: "response.output_text.delta", delta: '{"type":"response.completed"}' };

describe.each([
  ["named events", true],
  ["events without names", false],
])("a watched Responses stream of %s", (_, named) => {
  it.each(["completed", "incomplete"])("tells model, usage and its end: %s", (status) => {
    const end = { type: `response.${status}`, response: { status, model: "gpt-5-mini-2025-08-07", usage: USAGE } };
    const watcher = watch([CREATED, DELTA, end], named);
    expect(watcher).toMatchObject({
      model: "gpt-5-mini-2025-08-07",
      usage: { inputTokens: 10, outputTokens: 5, cachedInputTokens: 4 },
      finished: true,
      failure: null,
    });
  });

  it("is not finished before its end", () => {
    expect(watch([CREATED, DELTA], named)).toMatchObject({ finished: false, usage: null, failure: null });
  });

  it.each([
    ["an error", { type: "error", code: "server_error", message: "Down", param: null }],
    ["a nested error", { type: "error", error: { code: "server_error", message: "Down" } }],
    ["a failed answer", { type: "response.failed", response: { error: { code: "server_error", message: "Down" } } }],
    ["an error of Chat Completions", { error: { message: "Down", type: "server_error" } }],
  ])("has failed with %s", (_, event) => {
    const { failure, finished } = watch([CREATED, event], named);
    expect(failure).toMatchObject({ status: 500, message: "Down" });
    expect(finished).toBe(false);
  });
});

it("reads usage and model of a whole answer", () => {
  const { usage, model } = responsesPassthrough.readUsage({ model: "gpt-5-mini", usage: USAGE });
  expect(model).toBe("gpt-5-mini");
  expect(usage).toEqual({ inputTokens: 10, outputTokens: 5, cachedInputTokens: 4 });
  expect(responsesPassthrough.readUsage("no object")).toEqual({ usage: null, model: null });
});

it("takes out what other providers' answers left behind, and nothing else", () => {
  const own = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAAA" };
  const body = {
    model: "m",
    input: [
      { role: "user", content: "tidegate:" },
      own,
      { type: "reasoning", id: "rs_2", summary: [], encrypted_content: "tidegate:signature:c2ln" },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}", extra_content: { google: {} } },
    ],
    future_field: 1,
  };
  expect(responsesPassthrough.foreign?.remove(body)).toEqual({
    ...body,
    input: [body.input[0], own, { type: "function_call", call_id: "c", name: "f", arguments: "{}" }],
  });
});
