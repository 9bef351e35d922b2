import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import type { ChatEvent, Citation } from "../../../src/contracts/ir.ts";
import { responsesInbound, responsesOutbound } from "../../../src/dialects/openai-responses/index.ts";
import { digestStream, formatStream, parseStream, TARGET } from "../../helpers/dialects.ts";
import { runs } from "../../helpers/property-runs.ts";

/** What providers and callers send may be anything: it is refused in the one way, or read; nothing else is thrown. */

const CONTEXT = { model: "m", requestId: "r", includeUsage: true };

const part = fc.record(
  {
    type: fc.constantFrom("input_text", "output_text", "input_image", "input_file", "refusal", "summary_text", "x"),
    text: fc.oneof(fc.string(), fc.jsonValue()),
    refusal: fc.oneof(fc.string(), fc.jsonValue()),
    image_url: fc.oneof(fc.constant("https://example.org/a.png"), fc.jsonValue()),
    logprobs: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const item = fc.record(
  {
    type: fc.constantFrom("message", "reasoning", "function_call", "function_call_output", "web_search_call", null),
    id: fc.oneof(fc.string(), fc.jsonValue()),
    role: fc.constantFrom("user", "assistant", "system", "x"),
    content: fc.oneof(fc.string(), fc.array(part, { maxLength: 3 }), fc.jsonValue()),
    summary: fc.oneof(fc.array(part, { maxLength: 2 }), fc.jsonValue()),
    encrypted_content: fc.oneof(
      fc.constantFrom("tidegate:signature:c2ln", "tidegate:redacted:b3A=", "tidegate:unsigned", "gAAAA", "tidegate:"),
      fc.jsonValue(),
    ),
    call_id: fc.constantFrom("a", "b", "", null),
    name: fc.constantFrom("f", "", null),
    arguments: fc.oneof(fc.constant("{}"), fc.jsonValue()),
    output: fc.oneof(fc.string(), fc.array(part, { maxLength: 2 })),
  },
  { requiredKeys: [] },
);
const event = fc.record(
  {
    type: fc.constantFrom(
      "response.created",
      "response.output_item.added",
      "response.output_item.done",
      "response.output_text.delta",
      "response.refusal.delta",
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.function_call_arguments.delta",
      "response.completed",
      "response.incomplete",
      "response.failed",
      "error",
    ),
    output_index: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.jsonValue()),
    delta: fc.oneof(fc.string(), fc.jsonValue()),
    item: fc.oneof(item, fc.jsonValue()),
    response: fc.oneof(
      fc.record({ output: fc.array(item), status: fc.jsonValue(), usage: fc.jsonValue() }),
      fc.jsonValue(),
    ),
    error: fc.jsonValue(),
    logprobs: fc.jsonValue(),
  },
  { requiredKeys: ["type"] },
);

function refusesOrReads(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
  }
}

describe("the Responses stream parser", () => {
  it("ends every stream with exactly one end or error, and its formatter writes what it gives", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(event, fc.jsonValue()), { maxLength: 8 }), (events) => {
        const bytes = Buffer.from(events.map((entry) => `data: ${JSON.stringify(entry)}\n\n`).join(""));
        const read = parseStream(responsesOutbound.createStreamParser(TARGET), [bytes]);
        const endings = read.filter((one) => one.type === "end" || one.type === "error");
        expect(endings).toEqual([read.at(-1)]);
        const again = formatStream(responsesInbound, read, CONTEXT);
        const reread = parseStream(responsesOutbound.createStreamParser(TARGET), [Buffer.from(again)]);
        expect(reread.at(-1)?.type).toBe(read.at(-1)?.type);
      }),
      { numRuns: runs(500) },
    );
  });
});

const citationOf = (url: string): Citation => ({ start: 0, end: 1, text: "", sources: [{ type: "web", url }] });
const text = fc.string({ minLength: 1 });
const piece: fc.Arbitrary<ChatEvent> = fc.oneof(
  text.map((value): ChatEvent => ({ type: "text", choice: 0, text: value })),
  text.map((value): ChatEvent => ({ type: "refusal", choice: 0, text: value })),
  text.map((value): ChatEvent => ({ type: "thinking", choice: 0, text: value })),
  text.map((value): ChatEvent => ({ type: "citation", choice: 0, citation: citationOf(value) })),
  text.map((value): ChatEvent => ({ type: "thinking_signature", choice: 0, signature: value })),
  text.map((value): ChatEvent => ({ type: "thinking_signature", choice: 0, redacted: value })),
);
/** Calls whose arguments come in any order among each other and everything else. */
const answer = fc
  .tuple(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat({ max: 7 }), { maxLength: 3 }))
  .map(([pieces, places]): ChatEvent[] => {
    const events = [...pieces];
    for (const [index, place] of places.entries()) {
      const at = Math.min(place, events.length);
      events.splice(at, 0, { type: "tool_call_start", choice: 0, index, id: `call_${index}`, name: "f" });
      events.splice(Math.min(at + 2, events.length), 0, {
        type: "tool_call_delta",
        choice: 0,
        index,
        arguments: '{"a":',
      });
      events.push({ type: "tool_call_delta", choice: 0, index, arguments: "1}" });
    }
    return [
      { type: "start", id: "resp_1", model: "m" },
      ...inOrderOfStart(events),
      { type: "finish", choice: 0, reason: "stop" },
      { type: "usage", usage: { inputTokens: 1, outputTokens: 2 } },
      { type: "end" },
    ];
  });

/** As the IR numbers calls. */
function inOrderOfStart(events: readonly ChatEvent[]): ChatEvent[] {
  const order = events.flatMap((one) => (one.type === "tool_call_start" ? [one.index] : []));
  return events.map((one) => ("index" in one ? { ...one, index: order.indexOf(one.index) } : one));
}

/** As OpenAI's accumulator follows a stream: every event fits what was opened before, and the last one repeats it all. */
function follow(stream: string): void {
  const output: { type: string; id: string }[] = [];
  const open = new Set<number>();
  for (const [number, entry] of stream
    .split("\n\n")
    .filter((one) => one !== "")
    .entries()) {
    const data = JSON.parse(entry.slice(entry.indexOf("data: ") + "data: ".length));
    expect(data.sequence_number).toBe(number);
    const { type, output_index: index, item: whole } = data;
    if (type === "response.output_item.added") {
      expect(index).toBe(output.length);
      output.push(whole);
      open.add(index);
    } else if (type === "response.output_item.done") {
      expect(open.delete(index)).toBe(true);
      output[index] = whole;
    } else if (index !== undefined) {
      expect(open.has(index)).toBe(true);
      expect(data.item_id).toBe(output[index]?.id);
    } else if (type === "response.completed") expect(data.response.output).toEqual(output);
  }
  expect(open.size).toBe(0);
}

describe("the Responses stream formatter", () => {
  it("opens and closes every item, whatever comes among what, and says all of it", () => {
    fc.assert(
      fc.property(answer, (events) => {
        const stream = formatStream(responsesInbound, events, CONTEXT);
        follow(stream);
        const read = parseStream(responsesOutbound.createStreamParser(TARGET), [Buffer.from(stream)]);
        // Where something else has begun after the text, there is no place left to say where it is from.
        const said = (all: readonly ChatEvent[]) => digestStream(all.filter(({ type }) => type !== "citation"));
        expect(said(read)).toEqual(said(events));
      }),
      { numRuns: runs(300) },
    );
  });
});

describe("Responses bodies", () => {
  it("are read or refused", () => {
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record(
        { model: fc.constant("m"), input: fc.array(item, { maxLength: 4 }), tools: fc.jsonValue() },
        { requiredKeys: ["model", "input"] },
      ),
      fc.record({
        output: fc.array(item, { maxLength: 4 }),
        status: fc.constantFrom("completed", "failed", "incomplete"),
      }),
    );
    fc.assert(
      fc.property(body, (value) => {
        refusesOrReads(() => {
          const request = responsesInbound.parseChatRequest(value);
          JSON.parse(responsesOutbound.buildChatCall(request, TARGET).body);
        });
        refusesOrReads(() =>
          responsesInbound.formatChatResponse(responsesOutbound.parseChatResponse(value, TARGET), CONTEXT),
        );
      }),
      { numRuns: runs(500) },
    );
  });
});
