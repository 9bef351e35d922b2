import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://models.dev"],
  models: `
canopylabs/orpheus-arabic-saudi speech 4000 50000 -
canopylabs/orpheus-v1-english speech 4000 50000 -
gemma-7b-it chat 8192 8192 t
groq/compound chat 131072 8192 -
groq/compound-mini chat 131072 8192 -
llama-3.1-8b-instant chat 128000 8192 t
llama-3.3-70b-versatile chat 128000 32768 t
meta-llama/llama-4-maverick-17b-128e-instruct chat 131072 8192 vts
meta-llama/llama-4-scout-17b-16e-instruct chat 131072 8192 vts
meta-llama/llama-guard-4-12b chat 8192 8192 -
meta-llama/llama-prompt-guard-2-22m chat 512 512 - 0.03/0.03 1
meta-llama/llama-prompt-guard-2-86m chat 512 512 - 0.04/0.04 1
moonshotai/kimi-k2-instruct-0905 chat 262144 16384 ts
openai/gpt-oss-120b chat 131072 32766 tsrw
openai/gpt-oss-20b chat 131072 32768 tsrw
openai/gpt-oss-safeguard-20b chat 131072 65536 tsrw
playai-tts speech 10000 - -
qwen/qwen3-32b chat 131000 131000 tr
`,
};
