import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CallAddress, SseEvent } from "../../../src/contracts/dialect.ts";
import { closedSchema } from "../../../src/dialects/closed-schema.ts";
import { readAddress } from "../../../src/dialects/gemini/address.ts";
import { formatEmbeddingResponse, parseEmbeddingRequest } from "../../../src/dialects/gemini/inbound-embeddings.ts";
import { geminiPassthrough } from "../../../src/dialects/gemini/index.ts";
import { jsonSchemaOf } from "../../../src/dialects/gemini/json-schema.ts";
import { GeminiStreamParser } from "../../../src/dialects/gemini/stream.ts";
import { createSseReader } from "../../../src/dialects/sse/reader.ts";
import { attempt, parseStream, TARGET } from "../../helpers/dialects.ts";
import { goldenCases } from "../../helpers/golden.ts";

describe("addresses", () => {
  it.each<[string, string, Partial<CallAddress>]>([
    ["/v1beta/models/a/b:generateContent", "", { model: "a/b", operation: "chat", stream: false }],
    ["/v1beta/models/a%2Fb%3Acloud:generateContent", "", { model: "a/b:cloud" }],
    ["/gemini/v1/models/a:streamGenerateContent", "alt=sse&key=k", { model: "a", stream: true, framing: "events" }],
    ["/v1/models/a:streamGenerateContent", "", { stream: true, framing: "json-array" }],
    ["/v1beta/models/a:batchEmbedContents", "", { operation: "embeddings", method: "batchEmbedContents" }],
    ["/v1beta/models/a:countTokens", "", { operation: "count_tokens" }],
  ])("%s?%s", (path, query, expected) => {
    expect(readAddress(path, query)).toMatchObject(expected);
  });

  it.each(["/v1beta/models/a", "/v1beta/models/:generateContent", "/v1beta/models/a:generate"])(
    "%s names no method of a model",
    (path) => {
      expect(attempt(() => readAddress(path, ""))).toMatchObject({ error: { code: "route_not_found" } });
    },
  );
});

describe("the body of a call that goes through", () => {
  const address = readAddress("/v1beta/models/x:embedContent", "");
  const body = (text: string) => geminiPassthrough.addressed?.body(Buffer.from(text), "gemini-2.5-flash").toString();

  it("stays as it is, byte for byte, where it does not name the model", () => {
    for (const text of [
      '{ "contents": [ {"parts":[{"text":"1.0"}]} ], "generationConfig": {"temperature": 1.0} }',
      '{ "contents": [ {"role": "model", "parts":[{"text":"1.0"}]} ], "generationConfig": {"temperature": 1.0} }',
      '{ "contents": [ {"parts":[{"functionCall":{"name":"f","args":{"model" : 1.0}}}]} ] }',
    ]) {
      expect(body(text)).toBe(text);
    }
    expect(body("{")).toBe("{");
    expect(geminiPassthrough.addressed?.path("gemini-2.5-flash", address)).toBe(
      "/models/gemini-2.5-flash:embedContent",
    );
  });

  it("names the provider's model where it names one, and nothing else that is called so", () => {
    const contents = [{ parts: [{ functionCall: { name: "f", args: { model: "mine" } } }] }];
    const model = "models/gemini-2.5-flash";
    expect(JSON.parse(body(JSON.stringify({ model: "models/gemini/x", contents })) ?? "")).toEqual({ model, contents });
    expect(JSON.parse(body(JSON.stringify({ contents })) ?? "")).toEqual({ contents });
    const requests = [{ model: "models/gemini/x", content: {} }, { content: {} }];
    expect(JSON.parse(body(JSON.stringify({ requests })) ?? "")).toEqual({
      requests: [{ model, content: {} }, { content: {} }],
    });
  });
});

describe("the watcher of a stream that goes through", () => {
  it.each(goldenCases("gemini").filter((golden) => golden.has("events.sse")))(
    "sees in $name what the parser of streams sees",
    (golden) => {
      const bytes = readFileSync(golden.path("events.sse"));
      const parsed = parseStream(new GeminiStreamParser(TARGET), [bytes]);
      const events: SseEvent[] = [];
      createSseReader({ maxEventBytes: 1 << 20 }, (event) => events.push(event)).push(bytes);
      const watcher = geminiPassthrough.createUsageWatcher(true);
      for (const event of events) expect(watcher.push(event)).toBe(true);
      const ended = parsed.at(-1)?.type === "end";
      if (ended) expect(watcher.usage).toEqual(parsed.find((event) => event.type === "usage")?.usage ?? null);
      if (ended) expect(watcher.finished).toBe(true);
      if (golden.name === "out-stream-cut") expect(watcher.finished).toBe(false);
      if (golden.name === "out-stream-error") expect(watcher.failure).not.toBeNull();
    },
  );
});

describe("embeddings", () => {
  const content = { parts: [{ text: "a" }, { text: "b" }] };

  it("are asked for one by one or in a batch", () => {
    expect(parseEmbeddingRequest({ content, output_dimensionality: 4 })).toEqual({
      model: "",
      input: ["a\nb"],
      dimensions: 4,
    });
    const requests = [
      { content, taskType: "CLUSTERING" },
      { content, taskType: "CLUSTERING" },
    ];
    expect(parseEmbeddingRequest({ requests })).toEqual({
      model: "",
      input: ["a\nb", "a\nb"],
      extra: { dialect: "gemini", fields: { taskType: "CLUSTERING" } },
    });
  });

  it.each([
    [{}, "content"],
    [{ requests: [] }, "requests"],
    [{ content: { parts: [{ text: "" }] } }, "content"],
    [{ content: { parts: [{ inlineData: {} }] } }, "content.parts[0]"],
    [{ requests: [{ content }, { content, title: "x" }] }, "requests[1].title"],
  ])("are refused by the name of the field: %j", (body, param) => {
    expect(attempt(() => parseEmbeddingRequest(body))).toMatchObject({ error: { param } });
  });

  it("are given as they were asked for", () => {
    const response = { model: "m", embeddings: [[1, 2]], usage: { inputTokens: 3, outputTokens: 0 } };
    expect(JSON.parse(formatEmbeddingResponse(response, { method: "embedContent" }))).toEqual({
      embedding: { values: [1, 2] },
      usageMetadata: { promptTokenCount: 3 },
    });
    expect(JSON.parse(formatEmbeddingResponse(response, { method: "batchEmbedContents" }))).toMatchObject({
      embeddings: [{ values: [1, 2] }],
    });
  });
});

describe("schemas", () => {
  it("become JSON Schema", () => {
    const schema = {
      type: "OBJECT",
      nullable: true,
      properties: {
        type: { type: "STRING", format: "enum", enum: ["a"] },
        any: { any_of: [{ type: "NUMBER" }, { ref: "#/defs/node" }] },
      },
      maxProperties: "3",
      defs: { node: { type: "ARRAY", items: { type: "BOOLEAN", example: true } } },
    };
    expect(jsonSchemaOf(schema)).toEqual({
      type: ["object", "null"],
      properties: {
        type: { type: "string", enum: ["a"] },
        any: { anyOf: [{ type: "number" }, { $ref: "#/$defs/node" }] },
      },
      maxProperties: 3,
      $defs: { node: { type: "array", items: { type: "boolean" } } },
    });
  });

  it.each([
    [{ type: "object", properties: { a: { type: "string" } }, required: ["a"] }, true],
    [{ type: "object", properties: { a: { type: "string" } } }, false],
    [{ type: "object" }, false],
    [{ type: "array", items: { type: "object", properties: { a: {} }, required: [] } }, false],
    [{ type: "object", properties: {}, additionalProperties: { type: "string" } }, false],
  ])("are strict only where they leave nothing open: %j", (schema, strict) => {
    expect(closedSchema(schema).strict).toBe(strict);
  });
});
