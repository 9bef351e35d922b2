import { echo, tokensOf } from "./echo-model.ts";

/** What the simulated model says beside chats and embeddings, as far as that can be said in JSON; null: nothing. */
export function otherAnswer(path: string, body: Record<string, unknown>): object | null {
  switch (path) {
    case "/chat/completions/input_tokens":
      return { object: "response.input_tokens", input_tokens: echo({ ...body, tools: [] }).promptTokens };
    case "/images/generations":
      return drawn(body);
    case "/rerank":
      return ranked(body);
    case "/moderations":
      return moderated(body);
    default:
      return null;
  }
}

/** A picture of one transparent dot. */
const DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

function drawn(body: Record<string, unknown>): object {
  const count = typeof body.n === "number" ? Math.min(10, Math.max(1, Math.trunc(body.n))) : 1;
  const input_tokens = tokensOf(String(body.prompt ?? "")).length;
  const usage = { input_tokens, output_tokens: count, total_tokens: input_tokens + count };
  return {
    created: Math.floor(Date.now() / 1000),
    data: Array.from({ length: count }, () => ({ b64_json: DOT })),
    usage,
  };
}

const SAMPLES_PER_SECOND = 8000;
const WAV_HEAD_BYTES = 44;

/** Of a tenth of a second for each word, as WAV: one channel, eight bits. */
export function silence(text: string): Buffer {
  const samples = (tokensOf(text).length * SAMPLES_PER_SECOND) / 10;
  const wav = Buffer.alloc(WAV_HEAD_BYTES + samples, 0x80);
  wav.write("RIFF", 0, "latin1");
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write("WAVEfmt ", 8, "latin1");
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  wav.writeUInt32LE(SAMPLES_PER_SECOND, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write("data", 36, "latin1");
  wav.writeUInt32LE(samples, 40);
  return wav;
}

/** By the words that a document has in common with the query. */
function ranked(body: Record<string, unknown>): object {
  const words = new Set(wordsOf(body.query));
  const documents = (Array.isArray(body.documents) ? body.documents : []).map((document) =>
    wordsOf(typeof document === "string" ? document : (document as { text?: unknown } | null)?.text),
  );
  const results = documents
    .map((document, index) => {
      const shared = document.filter((word) => words.has(word)).length;
      return { index, relevance_score: document.length === 0 ? 0 : shared / document.length };
    })
    .sort((one, other) => other.relevance_score - one.relevance_score || one.index - other.index)
    .slice(0, typeof body.top_n === "number" ? body.top_n : documents.length);
  const total_tokens = documents.reduce((sum, document) => sum + document.length + words.size, 0);
  return { model: body.model, results, usage: { total_tokens } };
}

function wordsOf(text: unknown): string[] {
  return (
    String(text ?? "")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** Nothing is flagged but what says so itself. */
function moderated(body: Record<string, unknown>): object {
  const inputs = Array.isArray(body.input) ? body.input : [body.input];
  const results = inputs.map((input) => {
    const flagged = wordsOf(typeof input === "string" ? input : JSON.stringify(input)).includes("violence");
    return { flagged, categories: { violence: flagged }, category_scores: { violence: flagged ? 1 : 0 } };
  });
  return { id: "modr-simulated", model: body.model, results };
}

/** A text completion: goes on with the prompt by saying it once more. */
export function completionOf(body: Record<string, unknown>, id: string): { whole: object; events: string[] } {
  const prompt = Array.isArray(body.prompt) ? String(body.prompt[0]) : String(body.prompt ?? "");
  const { pieces, finishReason, promptTokens, completionTokens } = echo({
    max_tokens: typeof body.max_tokens === "number" ? body.max_tokens : 16,
    stop: body.stop,
    messages: [{ role: "user", content: prompt }],
  });
  const created = Math.floor(Date.now() / 1000);
  const head = { id, object: "text_completion", created, model: body.model };
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  const choice = (text: string, finish_reason: string | null) => ({ text, index: 0, logprobs: null, finish_reason });
  const said = body.echo === true ? [...tokensOf(prompt), ...pieces] : pieces;
  const wantsUsage = (body.stream_options as { include_usage?: unknown } | undefined)?.include_usage === true;
  const events = [
    ...said.map((text) => ({ ...head, choices: [choice(text, null)] })),
    { ...head, choices: [choice("", finishReason)] },
    ...(wantsUsage ? [{ ...head, choices: [], usage }] : []),
  ].map((event) => `data: ${JSON.stringify(event)}\n\n`);
  return {
    whole: { ...head, choices: [choice(said.join(""), finishReason)], usage },
    events: [...events, "data: [DONE]\n\n"],
  };
}
