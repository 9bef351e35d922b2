import { echo, tokensOf } from "./echo-model.ts";

/** What the simulated model says beside chats and embeddings, as far as that can be said in JSON; null: nothing. */
export function otherAnswer(path: string, body: Record<string, unknown>): object | null {
  switch (path) {
    case "/chat/completions/input_tokens":
      return { object: "response.input_tokens", input_tokens: echo({ ...body, tools: [] }).promptTokens };
    default:
      return null;
  }
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
