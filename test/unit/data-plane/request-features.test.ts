import { describe, expect, it } from "vitest";
import type { ContentKind } from "../../../src/contracts/model-routing.ts";
import { readFeatures } from "../../../src/data-plane/pipeline/ai/routing/request-features.ts";
import type { InboundName } from "../../../src/dialects/index.ts";

const said = (...content: object[]) => ({ messages: [{ role: "user", content }] });
const parts = (...list: object[]) => ({ contents: [{ role: "user", parts: list }] });
const input = (...content: object[]) => ({ input: [{ role: "user", content }] });
const source = { bytes: "AAAA" };

const CASES: [InboundName, object, ContentKind[]][] = [
  [
    "openai",
    { messages: [{ role: "user", content: "image_url document" }], tools: [], response_format: { type: "text" } },
    [],
  ],
  ["openai", said({ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }), ["audio"]],
  ["openai", said({ type: "file", file: { file_data: "data:application/pdf;base64,AAAA" } }), ["document"]],
  [
    "openai",
    { ...said(), functions: [{ name: "f" }], response_format: { type: "json_schema" } },
    ["tools", "structured_output"],
  ],
  [
    "openai-responses",
    input({ type: "input_image", image_url: "https://x/y" }, { type: "input_file", file_id: "f" }),
    ["image", "document"],
  ],
  [
    "openai-responses",
    { input: "hi", tools: [{ type: "web_search" }], text: { format: { type: "json_object" } } },
    ["tools", "structured_output"],
  ],
  ["anthropic", said({ type: "tool_result", tool_use_id: "t", content: [{ type: "image", source: {} }] }), ["image"]],
  [
    "anthropic",
    { ...said({ type: "document", source: {} }), output_config: { format: { type: "json_schema" } } },
    ["document", "structured_output"],
  ],
  [
    "gemini",
    parts({ inlineData: { mimeType: "audio/mp3", data: "AAAA" } }, { file_data: { mime_type: "video/mp4" } }),
    ["audio", "video"],
  ],
  ["gemini", parts({ fileData: { mimeType: "application/pdf", fileUri: "gs://x" } }), ["document"]],
  [
    "gemini",
    { ...parts(), tools: [{ googleSearch: {} }], generationConfig: { responseMimeType: "application/json" } },
    ["tools", "structured_output"],
  ],
  [
    "cohere",
    {
      ...said({ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }),
      response_format: { type: "json_object" },
    },
    ["image", "structured_output"],
  ],
  [
    "bedrock",
    said({ document: { format: "pdf", source } }, { video: { source } }, { audio: { source } }),
    ["audio", "video", "document"],
  ],
  [
    "bedrock",
    { ...said({ text: "hi" }), toolConfig: { tools: [{}] }, outputConfig: { textFormat: {} } },
    ["tools", "structured_output"],
  ],
];

describe("what rules ask of a body", () => {
  it.each(CASES)("is known of what callers of %s say: %j", (inbound, body, expected) => {
    expect([...readFeatures({ ...body }, inbound).content].sort()).toEqual([...expected].sort());
  });

  it("is the size of its texts, in whatever script, and not of its media", () => {
    const tokens = (body: Record<string, unknown>) => readFeatures(body, "openai").inputTokens;
    const long = "A".repeat(40_000);
    const texts = tokens({ messages: [{ role: "user", content: "x".repeat(4_000) }] });
    expect(texts).toBeGreaterThanOrEqual(1_000);
    expect(texts).toBeLessThan(1_010);
    expect(tokens({ messages: [{ role: "user", content: "字".repeat(1_000) }] })).toBeGreaterThanOrEqual(750);
    for (const part of [
      { type: "image_url", image_url: { url: `data:image/png;base64,${long}` } },
      { type: "input_audio", input_audio: { data: long, format: "wav" } },
      { type: "image_url", image_url: { url: `https://example.org/${long}` } },
      { image: { source: { bytes: long } } },
    ]) {
      expect(tokens({ messages: [{ role: "user", content: [part] }], metadata: { long } })).toBeLessThan(50);
    }
    expect(tokens({ messages: [], tools: [{ description: "y".repeat(400) }] })).toBeGreaterThanOrEqual(100);
  });

  it("has labels of all APIs, and survives what is no request", () => {
    const body = { metadata: { a: "1", n: 2, o: {} }, labels: { b: "2" }, requestMetadata: { c: "3" } };
    expect(readFeatures(body, "gemini").metadata).toEqual({ a: "1", n: "2", b: "2", c: "3" });
    let deep: unknown = "x";
    for (let i = 0; i < 5_000; i++) deep = [deep];
    const broken = { messages: deep, tools: 7, metadata: [], contents: null, response_format: "json" };
    expect(readFeatures(broken, "openai")).toMatchObject({ inputTokens: 0, metadata: {} });
  });
});
