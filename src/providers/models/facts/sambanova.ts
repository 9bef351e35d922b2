import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://cloud.sambanova.ai/plans/pricing"],
  models: `
DeepSeek-R1 chat 32768 32768 - 5/7 1
DeepSeek-R1-Distill-Llama-70B chat 131072 131072 - 0.7/1.4 1
DeepSeek-V3-0324 chat 32768 32768 tr 3/4.5 1
DeepSeek-V3.1 chat 131072 131072 tr 3/4.5 1
DeepSeek-V3.2 chat 32768 32768 t 3/4.5 1
Llama-4-Maverick-17B-128E-Instruct chat 131072 131072 vts 0.63/1.8 1
Llama-4-Scout-17B-16E-Instruct chat 8192 8192 ts 0.4/0.7 1
Meta-Llama-3.1-405B-Instruct chat 16384 16384 ts 5/10 1
Meta-Llama-3.1-8B-Instruct chat 16384 16384 ts 0.1/0.2 1
Meta-Llama-3.2-1B-Instruct chat 16384 16384 - 0.04/0.08 1
Meta-Llama-3.2-3B-Instruct chat 4096 4096 - 0.08/0.16 1
Meta-Llama-3.3-70B-Instruct chat 131072 131072 ts 0.6/1.2 1
Meta-Llama-Guard-3-8B chat 16384 16384 - 0.3/0.3 1
MiniMax-M2.7 chat 196608 131072 tr 0.6/2.4 1
QwQ-32B chat 16384 16384 - 0.5/1 1
Qwen2-Audio-7B-Instruct chat 4096 4096 a
Qwen3-32B chat 8192 8192 tr 0.4/0.8 1
gemma-4-31B-it chat 131072 131072 v 0.38/1.15 1
gpt-oss-120b chat 131072 131072 tr 0.22/0.59 1
`,
};
