import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import { decodeFloats, encodeFloats } from "../../../src/dialects/openai/embeddings.ts";
import { openaiInbound, openaiOutbound } from "../../../src/dialects/openai/index.ts";
import { formatStream, parseStream, TARGET } from "../../helpers/dialects.ts";
import { runs } from "../../helpers/property-runs.ts";

/** What providers and callers send may be anything: it is refused in the one way, or read; nothing else is thrown. */

const chunk = fc.record(
  {
    id: fc.oneof(fc.string(), fc.jsonValue()),
    model: fc.oneof(fc.string(), fc.jsonValue()),
    choices: fc.array(
      fc.record(
        {
          index: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.jsonValue()),
          delta: fc.record(
            {
              content: fc.oneof(fc.string(), fc.jsonValue()),
              refusal: fc.jsonValue(),
              reasoning_details: fc.jsonValue(),
              tool_calls: fc.oneof(
                fc.jsonValue(),
                fc.array(
                  fc.record(
                    {
                      index: fc.integer({ min: 0, max: 2 }),
                      id: fc.constantFrom("a", "b", "", null),
                      function: fc.record({ name: fc.constantFrom("f", "", null), arguments: fc.jsonValue() }),
                    },
                    { requiredKeys: [] },
                  ),
                ),
              ),
            },
            { requiredKeys: [] },
          ),
          finish_reason: fc.oneof(fc.constantFrom("stop", "tool_calls", "__proto__", null), fc.jsonValue()),
          logprobs: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    ),
    usage: fc.oneof(fc.jsonValue(), fc.record({ prompt_tokens: fc.integer(), completion_tokens: fc.jsonValue() })),
  },
  { requiredKeys: [] },
);

function refusesOrReads(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
  }
}

describe("openai stream parser", () => {
  it("ends every stream with exactly one end or error, and its formatter writes what it gives", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(chunk, fc.jsonValue()), { maxLength: 8 }), fc.boolean(), (chunks, done) => {
        const text = chunks.map((entry) => `data: ${JSON.stringify(entry)}\n\n`).join("");
        const bytes = Buffer.from(done ? `${text}data: [DONE]\n\n` : text);
        const events = parseStream(openaiOutbound.createStreamParser(TARGET), [bytes]);
        const endings = events.filter((event) => event.type === "end" || event.type === "error");
        expect(endings).toEqual([events.at(-1)]);
        const context = { model: "m", requestId: "r", includeUsage: true };
        const again = formatStream(openaiInbound, events, context);
        const read = parseStream(openaiOutbound.createStreamParser(TARGET), [Buffer.from(again)]);
        expect(read.at(-1)?.type).toBe(events.at(-1)?.type);
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe("openai bodies", () => {
  it("are read or refused", () => {
    const header = () => undefined;
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 400, max: 599 }), (body, status) => {
        refusesOrReads(() => openaiInbound.parseChatRequest(body));
        refusesOrReads(() => openaiOutbound.parseChatResponse(body, TARGET));
        refusesOrReads(() => openaiOutbound.embeddings?.parseResponse(body, TARGET));
        const failure = openaiOutbound.parseError(status, header, body);
        expect(failure.status).toBe(status);
        expect(failure.message).not.toBe("");
      }),
    );
  });
});

describe("embeddings in base64", () => {
  it("are little-endian 32-bit floats", () => {
    expect(encodeFloats([1, -2])).toBe("AACAPwAAAMA=");
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 1 }), (values) => {
        expect(decodeFloats(encodeFloats(values))).toEqual(values);
      }),
    );
  });
});
