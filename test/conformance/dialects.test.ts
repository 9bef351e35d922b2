import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type {
  AnswerContext,
  InboundDialect,
  OutboundDialect,
  ProviderCall,
  TargetModel,
} from "../../src/contracts/dialect.ts";
import type {
  ChatEvent,
  ChatRequest,
  ChatResponse,
  DialectName,
  EmbeddingRequest,
  EmbeddingResponse,
} from "../../src/contracts/ir.ts";
import { buildChatCall } from "../../src/dialects/build-call.ts";
import { inboundDialects, outboundDialects } from "../../src/dialects/index.ts";
import { formatEmbeddingResponse, parseEmbeddingRequest } from "../../src/dialects/openai/index.ts";
import {
  attempt,
  CONTEXT,
  digestStream,
  type ErrorFixture,
  formatStream,
  fromWire,
  parseStream,
  readEvents,
  TARGET,
  toGatewayError,
  toWire,
} from "../helpers/dialects.ts";
import {
  expectGoldenJson,
  expectGoldenText,
  expectNoLeftovers,
  GOLDEN,
  type GoldenCase,
  goldenCases,
  readJson,
} from "../helpers/golden.ts";
import { triedHere } from "../helpers/property-runs.ts";
import { expectMatrix } from "./matrix.ts";

/** One suite over every dialect and every case in test/golden; test/golden/README.md says what the files are. */

const inbounds: InboundDialect[] = Object.values(inboundDialects);
const outbounds: OutboundDialect[] = Object.values(outboundDialects);

// Answers of providers that state no time are stamped with the present.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-23T12:00:00Z") });
});
afterAll(() => {
  vi.useRealTimers();
});

function targetOf(golden: GoldenCase): TargetModel {
  return golden.has("target.json")
    ? { ...TARGET, ...readJson<Partial<TargetModel>>(golden.path("target.json")) }
    : TARGET;
}

function contextOf(golden: GoldenCase): AnswerContext {
  return golden.has("context.json")
    ? { ...CONTEXT, ...readJson<Partial<AnswerContext>>(golden.path("context.json")) }
    : CONTEXT;
}

function parsedCall(dialect: OutboundDialect, request: ChatRequest, target: TargetModel): unknown {
  return attempt(() => parsed(dialect.buildChatCall(request, target)));
}

function parsed(call: ProviderCall): unknown {
  return { ...call, body: JSON.parse(call.body) };
}

describe.each(inbounds)("inbound dialect $name", (dialect) => {
  const cases = goldenCases(dialect.name);
  const having = (file: string) => cases.filter((golden) => golden.has(file));

  it.each(having("request.json"))("reads the request of $name", (golden) => {
    const body = readJson<unknown>(golden.path("request.json"));
    const before = structuredClone(body);
    expectGoldenJson(
      golden.path("request.ir.json"),
      attempt(() => dialect.parseChatRequest(body)),
    );
    expect(body).toEqual(before);
  });

  it.each(having("response.ir.json"))("writes the answer of $name", (golden) => {
    const response = readJson<ChatResponse>(golden.path("response.ir.json"));
    const text = dialect.formatChatResponse(response, contextOf(golden));
    expectGoldenJson(golden.path("response.json"), JSON.parse(text));
  });

  it.each(having("stream.ir.json"))("writes the stream of $name, and its own parser reads it back", (golden) => {
    const events = readJson<ChatEvent[]>(golden.path("stream.ir.json"));
    const text = formatStream(dialect, events, contextOf(golden));
    expectGoldenText(golden.path("stream.sse"), text);
    const outbound = outboundDialects[dialect.name];
    const bytes = toWire(Buffer.from(text), dialect.framing);
    const read = parseStream(outbound.createStreamParser(TARGET), [bytes], dialect.framing);
    const expected = contextOf(golden).includeUsage ? events : events.filter((event) => event.type !== "usage");
    expect(digestStream(read)).toEqual(digestStream(expected));
    const again = formatStream(dialect, read, contextOf(golden));
    const bytesAgain = toWire(Buffer.from(again), dialect.framing);
    expect(parseStream(outbound.createStreamParser(TARGET), [bytesAgain], dialect.framing)).toEqual(read);
  });

  it.each(having("error.ir.json"))("writes the error of $name", (golden) => {
    const error = toGatewayError(readJson<ErrorFixture>(golden.path("error.ir.json")));
    const { requestId } = contextOf(golden);
    expectGoldenJson(golden.path("error.json"), JSON.parse(dialect.formatError(error, requestId)));
    const inStream = fromWire(dialect.formatStreamError(error, requestId), dialect.framing);
    expectGoldenText(golden.path("error.sse"), inStream);
  });
});

describe.each(outbounds)("outbound dialect $name", (dialect) => {
  const cases = goldenCases(dialect.name);
  const having = (file: string) => cases.filter((golden) => golden.has(file));

  it.each(having("call.ir.json"))("builds the call of $name", (golden) => {
    const request = readJson<ChatRequest>(golden.path("call.ir.json"));
    const before = structuredClone(request);
    expectGoldenJson(golden.path("call.json"), parsedCall(dialect, request, targetOf(golden)));
    expect(request).toEqual(before);
  });

  it.each(having("answer.json"))("reads the answer of $name", (golden) => {
    const body = readJson<unknown>(golden.path("answer.json"));
    const response = attempt(() => dialect.parseChatResponse(body, targetOf(golden)));
    expectGoldenJson(golden.path("answer.ir.json"), response);
  });

  it.each(having("events.sse"))("reads the stream of $name, split anywhere", (golden) => {
    const bytes = toWire(readFileSync(golden.path("events.sse")), dialect.framing);
    const target = targetOf(golden);
    const read = (chunks: Buffer[]) => parseStream(dialect.createStreamParser(target), chunks, dialect.framing);
    const events = read([bytes]);
    expectGoldenJson(golden.path("events.ir.json"), events);
    // A parser knows events alone: what it makes of the same ones is the same.
    const whole = readEvents([bytes], dialect.framing);
    for (const place of triedHere(Array.from({ length: bytes.length - 1 }, (_, index) => index + 1))) {
      const split = readEvents([bytes.subarray(0, place), bytes.subarray(place)], dialect.framing);
      if (!isDeepStrictEqual(split, whole)) expect.fail(`Split at byte ${place}: ${JSON.stringify(split)}`);
    }
    expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(events);
  });

  it.each(having("failure.json"))("reads the failure of $name", (golden) => {
    const { status, headers, body } = readJson<{ status: number; headers: Record<string, string>; body: unknown }>(
      golden.path("failure.json"),
    );
    expectGoldenJson(
      golden.path("failure.ir.json"),
      dialect.parseError(status, (name) => headers[name], body),
    );
  });

  it.each(having("embedding-call.ir.json"))("builds the embedding call of $name", (golden) => {
    const request = readJson<EmbeddingRequest>(golden.path("embedding-call.ir.json"));
    const built = attempt(() => {
      const call = dialect.embeddings?.buildCall(request, targetOf(golden));
      return call === undefined ? null : { ...call, body: JSON.parse(call.body) };
    });
    expectGoldenJson(golden.path("embedding-call.json"), built);
  });

  it.each(having("embedding-answer.json"))("reads the embeddings of $name", (golden) => {
    const body = readJson<unknown>(golden.path("embedding-answer.json"));
    const answer = attempt(() => dialect.embeddings?.parseResponse(body, targetOf(golden)) ?? null);
    expectGoldenJson(golden.path("embedding-answer.ir.json"), answer);
  });
});

describe("embeddings for callers", () => {
  const cases = goldenCases("openai");

  it.each(cases.filter((golden) => golden.has("embedding-request.json")))("reads the request of $name", (golden) => {
    const body = readJson<unknown>(golden.path("embedding-request.json"));
    expectGoldenJson(
      golden.path("embedding-request.ir.json"),
      attempt(() => parseEmbeddingRequest(body)),
    );
  });

  it.each(cases.filter((golden) => golden.has("embedding-response.ir.json")))(
    "writes the answer of $name",
    (golden) => {
      const { encodingFormat, ...response } = readJson<EmbeddingResponse & Pick<EmbeddingRequest, "encodingFormat">>(
        golden.path("embedding-response.ir.json"),
      );
      const text = formatEmbeddingResponse(response, { model: CONTEXT.model, encodingFormat });
      expectGoldenJson(golden.path("embedding-response.json"), JSON.parse(text));
    },
  );
});

/** Every caller's dialect against every provider's, with every case of either; test/golden/cross/<caller>-<provider>/. */
describe("cross product", () => {
  const written = new Set<string>();
  const crossPath = (inbound: InboundDialect, outbound: OutboundDialect, file: string) => {
    const path = join(GOLDEN, "cross", `${inbound.name}-${outbound.name}`, file);
    written.add(path);
    return path;
  };

  for (const inbound of inbounds) {
    for (const outbound of outbounds) {
      describe(`${inbound.name} caller, ${outbound.name} provider`, () => {
        it.each(goldenCases(inbound.name).filter((golden) => golden.has("request.json")))("request $name", (golden) => {
          const path = crossPath(inbound, outbound, `${golden.name}.request.json`);
          const body = readJson<unknown>(golden.path("request.json"));
          const call = attempt(() => {
            const request = inbound.parseChatRequest(body);
            return parsed(buildChatCall(inbound, outbound, request, targetOf(golden)));
          });
          expectGoldenJson(path, call);
          expect(call).toSatisfy(isCallOrNamedRefusal);
        });

        it.each(goldenCases(outbound.name).filter((golden) => golden.has("answer.json")))("answer $name", (golden) => {
          const path = crossPath(inbound, outbound, `${golden.name}.answer.json`);
          const body = readJson<unknown>(golden.path("answer.json"));
          const answer = attempt(() => {
            const response = outbound.parseChatResponse(body, targetOf(golden));
            return JSON.parse(inbound.formatChatResponse(response, CONTEXT));
          });
          expectGoldenJson(path, answer);
        });

        it.each(goldenCases(outbound.name).filter((golden) => golden.has("events.sse")))("stream $name", (golden) => {
          const path = crossPath(inbound, outbound, `${golden.name}.stream.sse`);
          const parser = outbound.createStreamParser(targetOf(golden));
          const bytes = toWire(readFileSync(golden.path("events.sse")), outbound.framing);
          const events = parseStream(parser, [bytes], outbound.framing);
          expectGoldenText(path, formatStream(inbound, events, CONTEXT));
        });
      });
    }
  }

  it("holds no file that no case gives", () => {
    expectNoLeftovers("cross", written);
  });

  it("is printed in the documentation", () => {
    const requests = inbounds.map((inbound): [string, ChatRequest[]] => [inbound.name, goldenRequests(inbound)]);
    const names = outbounds.map(({ name }) => name);
    expectMatrix(new Map(requests), names, (caller) => (request, provider) => {
      const [inbound, outbound] = [inboundDialects[caller as DialectName], outboundDialects[provider as DialectName]];
      const call = attempt(() => buildChatCall(inbound, outbound, structuredClone(request), TARGET));
      const asked = { extra: { dialect: inbound.name, fields: {} }, ...request };
      const dropped = outbound.leavesOut?.(asked, TARGET) ?? [];
      return { refused: (call as { error?: { param: string } }).error?.param ?? null, dropped };
    });
  });
});

function goldenRequests(inbound: InboundDialect): ChatRequest[] {
  return goldenCases(inbound.name).flatMap((golden) => {
    if (!golden.has("request.json")) return [];
    const request = attempt(() => inbound.parseChatRequest(readJson<unknown>(golden.path("request.json"))));
    return "error" in (request as object) ? [] : [request as ChatRequest];
  });
}

/** A refusal says which field can't be translated. */
function isCallOrNamedRefusal(call: unknown): boolean {
  if (typeof call !== "object" || call === null) return false;
  if ("path" in call) return true;
  const error = "error" in call && typeof call.error === "object" && call.error !== null ? call.error : {};
  if (!("code" in error) || !("param" in error) || typeof error.param !== "string") return false;
  return error.code === "unsupported_field" || error.code === "invalid_request";
}

it("has cases for every dialect", () => {
  for (const { name } of outbounds) expect(goldenCases(name).length, name).toBeGreaterThan(0);
});
