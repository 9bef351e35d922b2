import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://models.dev",
    "https://www.together.ai/models/qwen3-235b-a22b-instruct-2507-fp8",
    "https://www.together.ai/models/qwen3-235b-a22b-thinking-2507",
    "https://www.together.ai/models/qwen3-235b-a22b-fp8-tput",
    "https://www.together.ai/models/qwen3-coder-480b-a35b-instruct",
    "https://www.together.ai/models/qwen3-next-80b-a3b-instruct",
    "https://www.together.ai/models/qwen3-next-80b-a3b-thinking",
    "https://www.together.ai/models/Qwen/Qwen3.5-397B-A17B",
    "https://www.together.ai/models/deepseek-r1-0528-throughput",
    "https://www.together.ai/models/deepseek-v3-1",
    "https://www.together.ai/models/kimi-k2-instruct",
    "https://www.together.ai/models/kimi-k2-0905",
    "https://www.together.ai/models/kimi-k2-5",
    "https://www.together.ai/models/gpt-oss-120b",
    "https://www.together.ai/models/gpt-oss-20b",
    "https://www.together.ai/models/glm-4-5-air",
    "https://www.together.ai/models/glm-4-6",
    "https://www.together.ai/models/glm-4-7",
  ],
  models: `
BAAI/bge-base-en-v1.5 embedding 512 - -
LiquidAI/LFM2-24B-A2B chat 32768 32768 - 0.03/0.12 1
MiniMaxAI/MiniMax-M2.5 chat 204800 131072 trc 0.3/1.2/0.06 1
MiniMaxAI/MiniMax-M2.7 chat 202752 131072 tsrc 0.3/1.2/0.06 1
MiniMaxAI/MiniMax-M3 chat 524288 250000 vtsrc 0.3/1.2/0.06 1
Qwen/Qwen2.5-72B-Instruct-Turbo chat - - ts
Qwen/Qwen2.5-7B-Instruct-Turbo chat 32768 32768 ts 0.3/0.3 1
Qwen/Qwen3-235B-A22B-Instruct-2507-tput chat 262000 262144 ts
Qwen/Qwen3-235B-A22B-Thinking-2507 chat 256000 - ts 0.65/3 3
Qwen/Qwen3-235B-A22B-fp8-tput chat 40000 - - 0.2/0.6 4
Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8 chat 256000 262144 ts 2/2 5
Qwen/Qwen3-Coder-Next-FP8 chat 262144 262144 t 0.5/1.2 1
Qwen/Qwen3-Next-80B-A3B-Instruct chat 262144 - ts 0.15/1.5 6
Qwen/Qwen3-Next-80B-A3B-Thinking chat 262144 - ts 0.15/1.5 7
Qwen/Qwen3.5-397B-A17B chat 262144 130000 ts 0.6/3.6 8
Qwen/Qwen3.5-9B chat 262144 65536 vtsr 0.17/0.25 1
Qwen/Qwen3.6-Plus chat 1000000 500000 tr 0.5/3 1
Qwen/Qwen3.7-Max chat 1000000 500000 t
baai/bge-base-en-v1.5 embedding 512 - -
deepcogito/cogito-v2-1-671b chat 163840 163840 r 1.25/1.25 1
deepseek-ai/DeepSeek-R1 chat 128000 20480 ts 3/7 1
deepseek-ai/DeepSeek-R1-0528-tput chat 128000 - ts 0.55/2.19 9
deepseek-ai/DeepSeek-V3 chat 65536 8192 ts 1.25/1.25 1
deepseek-ai/DeepSeek-V3-1 chat 131072 131072 tr 0.6/1.7 1
deepseek-ai/DeepSeek-V3.1 chat 128000 16384 tr 0.6/1.7 10
deepseek-ai/DeepSeek-V4-Pro chat 512000 384000 tsrc 1.74/3.48/0.2 1
essentialai/Rnj-1-Instruct chat 32768 32768 t 0.15/0.15 1
google/gemma-3n-E4B-it chat 32768 32768 s 0.06/0.12 1
google/gemma-4-31B-it chat 262144 131072 vtsr 0.39/0.97 1
meta-llama/Llama-3.2-3B-Instruct-Turbo chat - - ts
meta-llama/Llama-3.3-70B-Instruct-Turbo chat 131072 131072 ts
meta-llama/Llama-3.3-70B-Instruct-Turbo-Free chat - - ts
meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 chat - - ts
meta-llama/Llama-4-Scout-17B-16E-Instruct chat - - ts
meta-llama/Meta-Llama-3-8B-Instruct-Lite chat 8192 8192 -
meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo chat - - ts
meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo chat - - ts
meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo chat - - ts
mistralai/Mistral-7B-Instruct-v0.1 chat - - ts
mistralai/Mistral-Small-24B-Instruct-2501 chat - - t
mistralai/Mixtral-8x7B-Instruct-v0.1 chat - - ts
moonshotai/Kimi-K2-Instruct chat - - ts 1/3 11
moonshotai/Kimi-K2-Instruct-0905 chat 262144 - t 1/3 12
moonshotai/Kimi-K2.5 chat 256000 256000 vtr 0.5/2.8 13
moonshotai/Kimi-K2.6 chat 262144 131000 vtsrc 1.2/4.5/0.2 1
moonshotai/Kimi-K2.7-Code chat 262144 131072 tsrc 0.95/4/0.19 1
nvidia/nemotron-3-ultra-550b-a55b chat 512300 512300 tsrc 0.6/3.6/0.2 1
openai/gpt-oss-120b chat 131072 131072 tsr 0.15/0.6 14
openai/gpt-oss-20b chat 128000 131072 ts 0.05/0.2 15
pearl-ai/gemma-4-31b-it chat 32000 32000 r 0.28/0.86 1
togethercomputer/CodeLlama-34b-Instruct chat - - t
zai-org/GLM-4.5-Air-FP8 chat 128000 - ts 0.2/1.1 16
zai-org/GLM-4.6 chat 200000 200000 tr 0.6/2.2 17
zai-org/GLM-4.7 chat 200000 200000 tr 0.45/2 18
zai-org/GLM-5 chat 202752 131072 tsr 1/3.2 1
zai-org/GLM-5.1 chat 202752 131072 tsr 1.4/4.4 1
zai-org/GLM-5.2 chat 262144 164000 tsrc 1.4/4.4/0.26 1
`,
};
