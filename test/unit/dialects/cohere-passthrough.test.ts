import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { SseEvent } from "../../../src/contracts/dialect.ts";
import { coherePassthrough } from "../../../src/dialects/cohere/index.ts";
import { CohereStreamParser } from "../../../src/dialects/cohere/stream.ts";
import { createSseReader } from "../../../src/dialects/sse/reader.ts";
import { parseStream, TARGET } from "../../helpers/dialects.ts";
import { goldenCases } from "../../helpers/golden.ts";

describe("the watcher of a stream that goes through", () => {
  it.each(goldenCases("cohere").filter((golden) => golden.has("events.sse")))(
    "sees in $name what the parser of streams sees, with names of events and without",
    (golden) => {
      const bytes = readFileSync(golden.path("events.sse"));
      const parsed = parseStream(new CohereStreamParser(TARGET), [bytes]);
      const events: SseEvent[] = [];
      createSseReader({ maxEventBytes: 1 << 20 }, (event) => events.push(event)).push(bytes);
      for (const nameless of [false, true]) {
        const watcher = coherePassthrough.createUsageWatcher(true);
        for (const event of events) expect(watcher.push(nameless ? { ...event, event: "" } : event)).toBe(true);
        expect(watcher.usage).toEqual(parsed.find((event) => event.type === "usage")?.usage ?? null);
        const error = parsed.find((event) => event.type === "error");
        if (golden.name === "out-error-answer") expect(watcher.failure).toEqual(error?.failure);
        else expect(watcher.finished).toBe(error === undefined);
      }
    },
  );
});

it("reads the usage of a whole answer, as it is billed", () => {
  const usage = { billed_units: { input_tokens: 3 }, tokens: { input_tokens: 70, output_tokens: 5 } };
  expect(coherePassthrough.readUsage({ usage })).toEqual({ usage: { inputTokens: 3, outputTokens: 5 }, model: null });
  expect(coherePassthrough.readUsage({})).toEqual({ usage: null, model: null });
});
