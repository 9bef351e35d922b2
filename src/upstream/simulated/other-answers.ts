import { echo } from "./echo-model.ts";

/** What the simulated model says beside chats and embeddings, as far as that can be said in JSON; null: nothing. */
export function otherAnswer(path: string, body: Record<string, unknown>): object | null {
  switch (path) {
    case "/chat/completions/input_tokens":
      return { object: "response.input_tokens", input_tokens: echo({ ...body, tools: [] }).promptTokens };
    default:
      return null;
  }
}
