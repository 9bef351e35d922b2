import { describe, expect, it } from "vitest";
import { PassthroughStream, TranslatedStream } from "../../../src/data-plane/pipeline/ai/stream-answer.ts";
import { inboundDialects, outboundDialects, passthroughs } from "../../../src/dialects/index.ts";
import { CONTEXT, TARGET } from "../../helpers/dialects.ts";

const WORDS = "The quick brown fox jumps over the lazy dog and runs back into the dark forest again".split(" ");

function sse(data: object, event = ""): Buffer {
  return Buffer.from(`${event === "" ? "" : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
}

function openaiChunk(delta: object, more: object = {}): Buffer {
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4o" };
  return sse({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: null }], ...more });
}

describe("tokens that a stream has not told", () => {
  it("of Chat Completions: about one for each chunk, whatever it is wrapped in", () => {
    const watcher = passthroughs.openai?.createUsageWatcher(true);
    if (watcher === undefined) throw new Error("there is no such dialect");
    const stream = new PassthroughStream(watcher);
    stream.push(openaiChunk({ role: "assistant", content: "" }));
    expect(stream.untoldTokens).toBe(0);
    for (const word of WORDS) stream.push(openaiChunk({ content: ` ${word}` }));
    for (const word of WORDS) stream.push(openaiChunk({ content: ` ${word}` }, { obfuscation: "x9Z".repeat(4) }));
    for (const word of WORDS) {
      stream.push(openaiChunk({ tool_calls: [{ index: 0, function: { arguments: `"${word}"` } }] }));
    }
    expect(stream.untoldTokens).toBeGreaterThanOrEqual(3 * WORDS.length);
    expect(stream.untoldTokens).toBeLessThan(1.5 * 3 * WORDS.length);
    stream.push(openaiChunk({}, { choices: [], usage: { prompt_tokens: 9, completion_tokens: 54 } }));
    expect(stream.untoldTokens).toBe(0);
  });

  it("of sound and pictures: not by their length", () => {
    const watcher = passthroughs.openai?.createUsageWatcher(true);
    if (watcher === undefined) throw new Error("there is no such dialect");
    const stream = new PassthroughStream(watcher);
    stream.push(openaiChunk({ role: "assistant", content: "" }));
    const data = Buffer.alloc(9_000, 7).toString("base64");
    for (let chunk = 0; chunk < 10; chunk++) stream.push(openaiChunk({ audio: { id: "audio_1", data } }));
    expect(stream.untoldTokens).toBeLessThan(30);
  });

  it("of Anthropic's, whose events hold several: by their length", () => {
    const watcher = passthroughs.anthropic?.createUsageWatcher(true);
    if (watcher === undefined) throw new Error("there is no such dialect");
    const stream = new PassthroughStream(watcher);
    const usage = { input_tokens: 9, output_tokens: 1 };
    stream.push(sse({ type: "message_start", message: { model: "m", usage } }, "message_start"));
    for (const text of ["The", WORDS.join(" "), WORDS.join(" ")]) {
      const delta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } };
      stream.push(sse(delta, "content_block_delta"));
      stream.push(sse({ type: "ping" }, "ping"));
    }
    expect(stream.untoldTokens).toBeGreaterThan(WORDS.length);
    expect(stream.untoldTokens).toBeLessThan(3 * WORDS.length);
    expect(stream.usage).toMatchObject({ inputTokens: 9, outputTokens: 1 });
  });

  it("of Gemini's, which counts with every event: none, thoughts that are not shown among what is told", () => {
    const parser = outboundDialects.gemini.createStreamParser(TARGET);
    const stream = new TranslatedStream(parser, inboundDialects.openai.createStreamFormatter(CONTEXT));
    for (const [text, thoughtsTokenCount] of [
      ["The", 10],
      [" fox", 500],
    ] as const) {
      const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 2, thoughtsTokenCount };
      stream.push(sse({ candidates: [{ content: { role: "model", parts: [{ text }] } }], usageMetadata }));
    }
    expect(stream.usage).toMatchObject({ inputTokens: 9, outputTokens: 502 });
    expect(stream.untoldTokens).toBe(0);
  });

  it("of translated ones: by the length of their text", () => {
    const parser = outboundDialects.openai.createStreamParser(TARGET);
    const stream = new TranslatedStream(parser, inboundDialects.anthropic.createStreamFormatter(CONTEXT));
    for (const word of WORDS) stream.push(openaiChunk({ content: `${word} ` }));
    expect(stream.usage).toBeNull();
    expect(stream.untoldTokens).toBe(Math.ceil((WORDS.join(" ").length + 1) / 4));
  });
});
