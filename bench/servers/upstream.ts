import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { startNginx } from "./nginx.ts";
import type { Server } from "./server.ts";

/** A chat completion of 0.6 KB. */
const OPENAI_ANSWER = JSON.stringify({
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

/** A message of 0.5 KB. */
const ANTHROPIC_ANSWER = JSON.stringify({
  id: "msg_bench_00000000000000000000",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5-20250929",
  content: [{ type: "text", text: "The quick brown fox jumps over the lazy dog. ".repeat(3) }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: {
    input_tokens: 210,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 33,
    service_tier: "standard",
  },
});

const JSON_100_BYTES = JSON.stringify({ id: 42, text: "tide ".repeat(16) }).padEnd(100);

/** Answers by path; what is not here is a file of `sizes`, as `/files/<bytes>`. */
export const SMALL_PATH = "/small";
export const filePath = (bytes: number) => `/files/${bytes}`;

/**
 * The provider and the service behind all peers: nginx that answers from memory, or with `sendfile`, so that it is
 * never what limits the run. It discards the bodies of requests; `body-sink` reads them.
 */
export async function startUpstream(directory: string, sizes: readonly number[] = []): Promise<Server> {
  const root = join(directory, "www");
  mkdirSync(join(root, "files"), { recursive: true });
  for (const bytes of sizes) {
    const path = join(root, filePath(bytes));
    writeFileSync(path, "tide ".repeat(Math.min(bytes, 2 ** 20) / 5));
    truncateSync(path, bytes);
  }
  const port = await freePort();
  const quote = (answer: string) => `'${answer.replaceAll("'", "\\'")}'`;
  const http = `  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type application/json;
    location / { return 200 ${quote(OPENAI_ANSWER)}; }
    location = /v1/messages { return 200 ${quote(ANTHROPIC_ANSWER)}; }
    location ${SMALL_PATH} { return 200 ${quote(JSON_100_BYTES)}; }
    location /files/ {
      root ${root};
      sendfile on;
      tcp_nopush on;
      open_file_cache max=100;
    }
  }`;
  return startNginx("upstream", port, http, directory);
}
