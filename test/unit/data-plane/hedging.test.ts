import { describe, expect, it } from "vitest";
import { hasEffects } from "../../../src/data-plane/pipeline/ai/hedging/has-effects.ts";
import { HedgePolicy } from "../../../src/data-plane/pipeline/ai/hedging/hedge-policy.ts";
import { RecentTimes } from "../../../src/data-plane/pipeline/ai/hedging/recent-times.ts";

function times(...ms: number[]): RecentTimes {
  const recent = new RecentTimes();
  for (const one of ms) recent.note(one);
  return recent;
}
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("when a call is hedged", () => {
  it("by a percentile of what is known", () => {
    const policy = new HedgePolicy({ after: { percentile: 95 }, minDelayMs: 10, maxShare: 1 });
    expect(policy.delayMs(times(...upTo(19)))).toBeNull();
    expect(policy.delayMs(times(...upTo(100)))).toBe(95);
    expect(policy.delayMs(times(...upTo(100).map(() => 1)))).toBe(10);
    // Of late: what is older than the last 128 is forgotten.
    expect(policy.delayMs(times(...upTo(500).map(() => 1000), ...upTo(128)))).toBe(122);
  });

  it("after a fixed time, whatever is known", () => {
    const policy = new HedgePolicy({ after: { ms: 800 }, minDelayMs: 10, maxShare: 1 });
    expect(policy.delayMs(times())).toBe(800);
  });

  it("as often as its share allows, and no more after a quiet time than ten in a row", () => {
    const policy = new HedgePolicy({ after: { ms: 1 }, minDelayMs: 0, maxShare: 0.05 });
    let taken = 0;
    for (let call = 0; call < 1000; call++) {
      policy.called();
      if (policy.take()) taken++;
    }
    expect(taken).toBe(50);
    for (let call = 0; call < 1000; call++) policy.called();
    let inARow = 0;
    while (policy.take()) inARow++;
    expect(inARow).toBe(10);
    policy.giveBack();
    expect(policy.take()).toBe(true);
  });
});

describe("what must not be sent twice", () => {
  it.each([
    { background: true },
    { store: true },
    { conversation: "conv_1" },
    { mcp_servers: [] },
    { container: "c" },
    { tools: [{ type: "web_search" }] },
    { tools: [{ type: "code_execution_20250825", name: "code_execution" }] },
    { tools: [{ functionDeclarations: [] }, { googleSearch: {} }] },
    { tools: [{ functionDeclarations: [], codeExecution: {} }] },
    { toolConfig: { tools: [{ systemTool: { name: "nova_grounding" } }] } },
  ])("%j", (body) => {
    expect(hasEffects(body)).toBe(true);
  });

  it.each([
    { messages: [], store: false },
    { tools: [{ type: "function", function: { name: "f" } }] },
    {
      tools: [
        { type: "function", name: "f" },
        { type: "custom", name: "g" },
      ],
    },
    {
      tools: [
        { name: "f", input_schema: {} },
        { type: "bash_20250124", name: "bash" },
      ],
    },
    { tools: [{ functionDeclarations: [] }] },
    { toolConfig: { tools: [{ toolSpec: {} }, { cachePoint: {} }] } },
    { previous_response_id: null, conversation: null },
  ])("all else may be: %j", (body) => {
    expect(hasEffects(body)).toBe(false);
  });
});
