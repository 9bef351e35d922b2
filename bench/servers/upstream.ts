import { startNginx } from "./nginx.ts";
import type { Server } from "./server.ts";

/** A chat completion of 0.6 KB. */
export const CHAT_ANSWER = JSON.stringify({
  id: "chatcmpl-bench-000000000000000000000000",
  object: "chat.completion",
  created: 1_760_000_000,
  model: "bench-model-2026-01-01",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "The quick brown fox jumps over the lazy dog. ".repeat(3), refusal: null },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage: {
    prompt_tokens: 210,
    completion_tokens: 33,
    total_tokens: 243,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  },
  service_tier: "default",
});

/** The provider: nginx that answers every POST from memory, so that it is never what limits the run. */
export function startUpstream(port: number, directory: string): Promise<Server> {
  const answer = CHAT_ANSWER.replaceAll("'", "\\'");
  return startNginx(
    "upstream",
    port,
    `  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { default_type application/json; return 200 '${answer}'; }
  }`,
    directory,
  );
}
