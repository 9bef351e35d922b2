import { echo, tokensOf } from "./echo-model.ts";

/** What the simulated model says beside chats and embeddings, as far as that can be said in JSON; null: nothing. */
export function otherAnswer(path: string, body: Record<string, unknown>): object | null {
  switch (path) {
    case "/chat/completions/input_tokens":
      return { object: "response.input_tokens", input_tokens: echo({ ...body, tools: [] }).promptTokens };
    case "/rerank":
      return ranked(body);
    case "/moderations":
      return moderated(body);
    default:
      return null;
  }
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
