import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InboundDialect, OutboundDialect } from "../../../src/contracts/dialect.ts";
import { GatewayError } from "../../../src/contracts/errors.ts";
import { buildChatCall } from "../../../src/dialects/build-call.ts";
import { inboundDialects, outboundDialects } from "../../../src/dialects/index.ts";
import { createSseReader } from "../../../src/dialects/sse/reader.ts";
import { CONTEXT, formatStream, parseStream, TARGET } from "../../helpers/dialects.ts";
import { goldenCases, readJson } from "../../helpers/golden.ts";
import { runs } from "../../helpers/property-runs.ts";

/** Bodies that are right but for one place: each is read, or refused in the one way; nothing else is thrown. */

const DIALECTS = ["gemini", "cohere"] as const;

/** A body, the place in it (by its share of all places), and what to put there. */
function mutated(bodies: readonly unknown[]) {
  return fc
    .tuple(fc.constantFrom(...bodies), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.jsonValue())
    .map(([body, share, replacement]) => {
      const copy: unknown = structuredClone(body);
      const places: [Record<string, unknown>, string][] = [];
      collect(copy, places);
      const place = places[Math.floor(share * places.length)];
      if (place !== undefined) place[0][place[1]] = replacement;
      return copy;
    });
}

function collect(value: unknown, places: [Record<string, unknown>, string][]): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    places.push([value as Record<string, unknown>, key]);
    collect(inner, places);
  }
}

function readOrRefused(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(error.message).not.toBe("");
  }
}

function given(dialect: string, file: string): unknown[] {
  return goldenCases(dialect)
    .filter((golden) => golden.has(file))
    .map((golden) => readJson<unknown>(golden.path(file)));
}

describe.each(DIALECTS)("bodies of %s with one thing wrong", (name) => {
  const inbound: InboundDialect = inboundDialects[name];
  const outbound: OutboundDialect = outboundDialects[name];

  it("are requests that every provider's half can build, or refused", () => {
    fc.assert(
      fc.property(mutated(given(name, "request.json")), (body) => {
        for (const target of Object.values(outboundDialects)) {
          readOrRefused(() => JSON.parse(buildChatCall(inbound, target, inbound.parseChatRequest(body), TARGET).body));
        }
      }),
      { numRuns: runs(400) },
    );
  });

  it("are answers that every caller's half can write, or refused", () => {
    fc.assert(
      fc.property(mutated(given(name, "answer.json")), (body) => {
        for (const caller of Object.values(inboundDialects)) {
          readOrRefused(() => JSON.parse(caller.formatChatResponse(outbound.parseChatResponse(body, TARGET), CONTEXT)));
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it("are streams with exactly one end, whatever one event holds", () => {
    const streams = goldenCases(name)
      .filter((golden) => golden.has("events.sse"))
      .map((golden) => {
        const events: unknown[] = [];
        const bytes = readFileSync(golden.path("events.sse"));
        createSseReader({ maxEventBytes: 1 << 20 }, ({ data }) => {
          if (data.startsWith("{") && data.endsWith("}")) events.push(JSON.parse(data));
        }).push(bytes);
        return events;
      });
    fc.assert(
      fc.property(mutated(streams), (events) => {
        const text = (events as unknown[]).map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
        const read = parseStream(outbound.createStreamParser(TARGET), [Buffer.from(text)]);
        const endings = read.filter((event) => event.type === "end" || event.type === "error");
        expect(endings).toEqual([read.at(-1)]);
        for (const caller of Object.values(inboundDialects)) formatStream(caller, read, CONTEXT);
      }),
      { numRuns: runs(300) },
    );
  });
});
