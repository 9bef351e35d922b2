import type { FactsText } from "./facts-text.ts";

/** Collected on 2026-07-24 from public lists of models; what a price was taken from is in `sources`. */
export const HOSTS: Readonly<Record<string, FactsText>> = {
  groq: {
    sources: [],
    models: `
gemma-7b-it chat 8192 8192 t
llama-3.1-8b-instant chat 128000 8192 t
llama-3.3-70b-versatile chat 128000 32768 t
meta-llama/llama-4-maverick-17b-128e-instruct chat 131072 8192 vts
meta-llama/llama-4-scout-17b-16e-instruct chat 131072 8192 vts
meta-llama/llama-guard-4-12b chat 8192 8192 -
moonshotai/kimi-k2-instruct-0905 chat 262144 16384 ts
openai/gpt-oss-120b chat 131072 32766 tsrw
openai/gpt-oss-20b chat 131072 32768 tsrw
openai/gpt-oss-safeguard-20b chat 131072 65536 tsrw
playai-tts speech 10000 - -
qwen/qwen3-32b chat 131000 131000 tr
`,
  },
  together: {
    sources: [
      "https://www.together.ai/models/qwen3-235b-a22b-instruct-2507-fp8",
      "https://www.together.ai/models/qwen3-235b-a22b-thinking-2507",
      "https://www.together.ai/models/qwen3-235b-a22b-fp8-tput",
      "https://www.together.ai/models/qwen3-coder-480b-a35b-instruct",
      "https://www.together.ai/models/deepseek-r1-0528-throughput",
      "https://www.together.ai/models/deepseek-v3-1",
      "https://www.together.ai/models/kimi-k2-instruct",
      "https://www.together.ai/models/gpt-oss-120b",
      "https://www.together.ai/models/gpt-oss-20b",
      "https://www.together.ai/models/glm-4-5-air",
      "https://www.together.ai/models/glm-4-6",
      "https://www.together.ai/models/glm-4-7",
      "https://www.together.ai/models/kimi-k2-5",
      "https://www.together.ai/models/kimi-k2-0905",
      "https://www.together.ai/models/qwen3-next-80b-a3b-instruct",
      "https://www.together.ai/models/qwen3-next-80b-a3b-thinking",
      "https://www.together.ai/models/Qwen/Qwen3.5-397B-A17B",
    ],
    models: `
BAAI/bge-base-en-v1.5 embedding 512 - -
Qwen/Qwen2.5-72B-Instruct-Turbo chat - - ts
Qwen/Qwen2.5-7B-Instruct-Turbo chat - - ts
Qwen/Qwen3-235B-A22B-Instruct-2507-tput chat 262000 - ts 0.2/6 1
Qwen/Qwen3-235B-A22B-Thinking-2507 chat 256000 - ts 0.65/3 2
Qwen/Qwen3-235B-A22B-fp8-tput chat 40000 - - 0.2/0.6 3
Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8 chat 256000 - ts 2/2 4
Qwen/Qwen3-Next-80B-A3B-Instruct chat 262144 - ts 0.15/1.5 15
Qwen/Qwen3-Next-80B-A3B-Thinking chat 262144 - ts 0.15/1.5 16
Qwen/Qwen3.5-397B-A17B chat 262144 - ts 0.6/3.6 17
baai/bge-base-en-v1.5 embedding 512 - -
deepseek-ai/DeepSeek-R1 chat 128000 20480 ts
deepseek-ai/DeepSeek-R1-0528-tput chat 128000 - ts 0.55/2.19 5
deepseek-ai/DeepSeek-V3 chat 65536 8192 ts
deepseek-ai/DeepSeek-V3.1 chat 128000 16384 tr 0.6/1.7 6
meta-llama/Llama-3.2-3B-Instruct-Turbo chat - - ts
meta-llama/Llama-3.3-70B-Instruct-Turbo chat - - ts
meta-llama/Llama-3.3-70B-Instruct-Turbo-Free chat - - ts
meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 chat - - ts
meta-llama/Llama-4-Scout-17B-16E-Instruct chat - - ts
meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo chat - - ts
meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo chat - - ts
meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo chat - - ts
mistralai/Mistral-7B-Instruct-v0.1 chat - - ts
mistralai/Mistral-Small-24B-Instruct-2501 chat - - t
mistralai/Mixtral-8x7B-Instruct-v0.1 chat - - ts
moonshotai/Kimi-K2-Instruct chat - - ts 1/3 7
moonshotai/Kimi-K2-Instruct-0905 chat 262144 - t 1/3 14
moonshotai/Kimi-K2.5 chat 256000 256000 vtr 0.5/2.8 13
openai/gpt-oss-120b chat 131072 131072 tsr 0.15/0.6 8
openai/gpt-oss-20b chat 128000 - ts 0.05/0.2 9
togethercomputer/CodeLlama-34b-Instruct chat - - t
zai-org/GLM-4.5-Air-FP8 chat 128000 - ts 0.2/1.1 10
zai-org/GLM-4.6 chat 200000 200000 tr 0.6/2.2 11
zai-org/GLM-4.7 chat 200000 200000 tr 0.45/2 12
`,
  },
  openrouter: {
    sources: [
      "https://openrouter.ai/api/v1/models/bytedance/ui-tars-1.5-7b",
      "https://ai.google.dev/pricing/gemini-3",
      "https://ai.google.dev/gemini-api/docs/pricing#gemini-3.1-flash-lite",
      "https://openrouter.ai/moonshotai/kimi-k2.5",
      "https://openrouter.ai/openai/gpt-5.1-codex-max",
      "https://openrouter.ai/openai/gpt-oss-120b",
      "https://openrouter.ai/openai/gpt-oss-20b",
      "https://openrouter.ai/qwen/qwen3-coder",
      "https://openrouter.ai/qwen/qwen3-coder-plus",
      "https://openrouter.ai/qwen/qwen3-235b-a22b-2507",
      "https://openrouter.ai/qwen/qwen3-235b-a22b-thinking-2507",
      "https://openrouter.ai/qwen/qwen3.6-plus",
      "https://openrouter.ai/qwen/qwen3.5-35b-a3b",
      "https://openrouter.ai/qwen/qwen3.5-27b",
      "https://openrouter.ai/qwen/qwen3.5-122b-a10b",
      "https://openrouter.ai/qwen/qwen3.5-flash-02-23",
      "https://openrouter.ai/qwen/qwen3.5-397b-a17b",
      "https://openrouter.ai/switchpoint/router",
      "https://openrouter.ai/x-ai/grok-4",
      "https://openrouter.ai/z-ai/glm-4.6",
      "https://openrouter.ai/z-ai/glm-4.6:exacto",
      "https://openrouter.ai/z-ai/glm-5",
      "https://openrouter.ai/z-ai/glm-5.1",
      "https://openrouter.ai/minimax/minimax-m2.5",
    ],
    models: `
anthropic/claude-3-haiku chat 200000 4096 vt
anthropic/claude-3.5-sonnet chat 200000 8192 vt
anthropic/claude-3.7-sonnet chat 200000 128000 vtr
anthropic/claude-haiku-4.5 chat 200000 200000 vtrc
anthropic/claude-opus-4 chat 200000 32000 vtrc
anthropic/claude-opus-4.1 chat 200000 32000 vtrc
anthropic/claude-opus-4.5 chat 200000 32000 vtrc
anthropic/claude-opus-4.6 chat 1000000 128000 vtrc
anthropic/claude-opus-4.7 chat 1000000 128000 vtsrdc
anthropic/claude-sonnet-4 chat 1000000 64000 vtrc
anthropic/claude-sonnet-4.5 chat 1000000 1000000 vtrc
anthropic/claude-sonnet-4.6 chat 1000000 128000 vtrc
bytedance/ui-tars-1.5-7b chat 131072 2048 - 0.1/0.2 1
deepseek/deepseek-chat chat 65536 8192 c
deepseek/deepseek-chat-v3-0324 chat 65536 8192 c
deepseek/deepseek-chat-v3.1 chat 163840 163840 trc
deepseek/deepseek-r1 chat 65336 8192 trc
deepseek/deepseek-r1-0528 chat 65336 8192 trc
deepseek/deepseek-v3.2 chat 163840 163840 trc
deepseek/deepseek-v3.2-exp chat 163840 163840 tc
google/gemini-2.0-flash-001 chat 1048576 8192 vtso
google/gemini-2.5-flash chat 1048576 8192 vtso
google/gemini-2.5-pro chat 1048576 8192 vtso
google/gemini-3-flash-preview chat 1048576 65535 vtsrdcw 0.5/3/0.05 2
google/gemini-3-pro-preview chat 1048576 65535 vtsradcw
google/gemini-3.1-flash-lite chat 1048576 65536 vtsradcw 0.25/1.5/0.025 3
google/gemini-3.1-flash-lite-preview chat 1048576 65536 vtsradcw 0.25/1.5/0.025 2
google/gemini-3.1-pro-preview chat 1048576 65536 vtsradc
mancer/weaver chat 8000 2000 -
meta-llama/llama-3-70b-instruct chat 8192 8000 -
minimax/minimax-m2 chat 204800 204800 trc
minimax/minimax-m2.1 chat 204000 64000 vtr
minimax/minimax-m2.5 chat 196608 65536 trc 0.3/1.1/0.15 24
mistralai/devstral-2512 chat 262144 65536 t
mistralai/ministral-14b-2512 chat 262144 262144 vt
mistralai/ministral-3b-2512 chat 131072 131072 vt
mistralai/ministral-8b-2512 chat 262144 262144 vt
mistralai/mistral-7b-instruct chat 32768 8191 -
mistralai/mistral-large chat 128000 8191 -
mistralai/mistral-large-2512 chat 262144 262144 vt
mistralai/mistral-small-3.1-24b-instruct chat 131072 131072 -
mistralai/mistral-small-3.2-24b-instruct chat 128000 128000 -
mistralai/mixtral-8x22b-instruct chat 65536 65536 -
moonshotai/kimi-k2.5 chat 262144 262144 vt 0.6/3/0.1 4
openai/gpt-3.5-turbo chat 16385 4096 -
openai/gpt-3.5-turbo-16k chat 16385 4096 -
openai/gpt-4 chat 8191 4096 -
openai/gpt-4.1 chat 1047576 32768 vtsc
openai/gpt-4.1-mini chat 1047576 32768 vtsc
openai/gpt-4.1-nano chat 1047576 32768 vtsc
openai/gpt-4o chat 128000 4096 vt
openai/gpt-4o-2024-05-13 chat 128000 4096 vt
openai/gpt-5 chat 272000 128000 r
openai/gpt-5-chat chat 128000 16384 r
openai/gpt-5-codex chat 272000 128000 r
openai/gpt-5-mini chat 272000 128000 r
openai/gpt-5-nano chat 272000 128000 r
openai/gpt-5.1-codex-max chat 400000 128000 vtrc 1.25/10/0.125 5
openai/gpt-5.2 chat 272000 128000 vtrc
openai/gpt-5.2-chat chat 128000 16384 vtc
openai/gpt-5.2-codex chat 272000 128000 r
openai/gpt-5.2-pro chat 272000 128000 vtr
openai/gpt-oss-120b chat 131072 32768 tsr 0.18/0.8 6
openai/gpt-oss-20b chat 131072 32768 tsr 0.02/0.1 7
openai/o1 chat 200000 100000 vtsc
openai/o3-mini chat 128000 65536 tr
openai/o3-mini-high chat 128000 65536 tr
openrouter/auto chat 2000000 - vtsra
openrouter/bodybuilder chat 128000 - -
openrouter/free chat 200000 - vtsr
qwen/qwen-2.5-coder-32b-instruct chat 33792 33792 -
qwen/qwen-vl-plus chat 8192 2048 v
qwen/qwen3-235b-a22b-2507 chat 262144 262144 t 0.071/0.1 10
qwen/qwen3-235b-a22b-thinking-2507 chat 262144 262144 tr 0.11/0.6 11
qwen/qwen3-coder chat 262100 262100 t 0.22/0.95 8
qwen/qwen3-coder-plus chat 997952 65536 tr 1/5 9
qwen/qwen3.5-122b-a10b chat 262144 65536 vtr 0.4/2 15
qwen/qwen3.5-27b chat 262144 65536 vtr 0.3/2.4 14
qwen/qwen3.5-35b-a3b chat 262144 65536 vtr 0.25/2 13
qwen/qwen3.5-397b-a17b chat 262144 65536 vtr 0.6/3.6 17
qwen/qwen3.5-flash-02-23 chat 1000000 65536 vtr 0.1/0.4 16
qwen/qwen3.5-plus-02-15 chat 1000000 65536 vtr
qwen/qwen3.6-plus chat 1000000 65536 vtr 0.325/1.95 12
switchpoint/router chat 131072 131072 - 0.85/3.4 18
undi95/remm-slerp-l2-13b chat 6144 4096 -
x-ai/grok-4 chat 256000 256000 trw 3/15 19
xiaomi/mimo-v2-flash chat 262144 16384 trc
xiaomi/mimo-v2.5 chat 1048576 131072 vtsrac
xiaomi/mimo-v2.5-pro chat 1048576 16384 tsrc
z-ai/glm-4.6 chat 202800 131000 trc 0.4/1.75 20
z-ai/glm-4.6:exacto chat 202800 131000 trc 0.45/1.9 21
z-ai/glm-4.7 chat 202752 64000 vtr
z-ai/glm-4.7-flash chat 200000 32000 vtr
z-ai/glm-5 chat 202752 128000 tr 0.8/2.56 22
z-ai/glm-5.1 chat 202752 65535 trc 1.05/3.5/0.525 23
`,
  },
  cerebras: {
    sources: [
      "https://www.cerebras.ai/blog/openai-gpt-oss-120b-runs-fastest-on-cerebras",
      "https://inference-docs.cerebras.ai/support/pricing",
      "https://www.cerebras.ai/pricing",
    ],
    models: `
gpt-oss-120b chat 131072 32768 tsr 0.35/0.75 1
llama-3.3-70b chat 128000 128000 t
llama3.1-70b chat 128000 128000 t
llama3.1-8b chat 128000 128000 t
qwen-3-32b chat 128000 128000 tr 0.4/0.8 2
zai-glm-4.6 chat 128000 128000 tr 2.25/2.75 3
zai-glm-4.7 chat 128000 128000 tr 2.25/2.75 3
`,
  },
  sambanova: {
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
Qwen2-Audio-7B-Instruct chat 4096 4096 a 0.5/100 1
Qwen3-32B chat 8192 8192 tr 0.4/0.8 1
gemma-4-31B-it chat 131072 131072 v 0.38/1.15 1
gpt-oss-120b chat 131072 131072 tr 0.22/0.59 1
`,
  },
  replicate: {
    sources: [],
    models: `
anthropic/claude-3.5-haiku chat - - vtsc
anthropic/claude-3.5-sonnet chat - - vtsc
anthropic/claude-3.7-sonnet chat - - vtsc
anthropic/claude-4-sonnet chat - - vtsc
anthropic/claude-4.5-haiku chat - - vtsc
anthropic/claude-4.5-sonnet chat - - vtsc
deepseek-ai/deepseek-r1 chat 65536 8192 r
deepseek-ai/deepseek-v3 chat 65536 8192 t
deepseek-ai/deepseek-v3.1 chat 163840 163840 tr
google/gemini-2.5-flash chat - - vts
google/gemini-3-pro chat - - vts
ibm-granite/granite-3.3-8b-instruct chat - - t
meta/llama-2-13b chat 4096 4096 -
meta/llama-2-13b-chat chat 4096 4096 -
meta/llama-2-70b chat 4096 4096 -
meta/llama-2-70b-chat chat 4096 4096 -
meta/llama-2-7b chat 4096 4096 -
meta/llama-2-7b-chat chat 4096 4096 -
meta/llama-3-70b chat 8192 8192 -
meta/llama-3-70b-instruct chat 8192 8192 -
meta/llama-3-8b chat 8086 8086 -
meta/llama-3-8b-instruct chat 8086 8086 -
mistralai/mistral-7b-instruct-v0.2 chat 4096 4096 -
mistralai/mistral-7b-v0.1 chat 4096 4096 -
mistralai/mixtral-8x7b-instruct-v0.1 chat 4096 4096 -
openai/gpt-4.1 chat - - vts
openai/gpt-4.1-mini chat - - vts
openai/gpt-4.1-nano chat - - t
openai/gpt-4o chat - - vtsao
openai/gpt-4o-mini chat - - vts
openai/gpt-5 chat - - vts
openai/gpt-5-mini chat - - vts
openai/gpt-5-nano chat - - t
openai/gpt-oss-120b chat - - t
openai/o1 chat - - r
openai/o1-mini chat - - r
openai/o4-mini chat - - r
qwen/qwen3-235b-a22b-instruct-2507 chat - - t
replicateopenai/gpt-oss-20b chat - - t
xai/grok-4 chat - - t
`,
  },
  deepinfra: {
    sources: [],
    models: `
Gryphe/MythoMax-L2-13b chat 4096 4096 t
NousResearch/Hermes-3-Llama-3.1-405B chat 131072 131072 t
NousResearch/Hermes-3-Llama-3.1-70B chat 131072 131072 -
Qwen/QwQ-32B chat 131072 131072 t
Qwen/Qwen2.5-72B-Instruct chat 32768 32768 t
Qwen/Qwen2.5-7B-Instruct chat 32768 32768 -
Qwen/Qwen2.5-VL-32B-Instruct chat 128000 128000 vt
Qwen/Qwen3-14B chat 40960 40960 t
Qwen/Qwen3-235B-A22B chat 40960 40960 t
Qwen/Qwen3-235B-A22B-Instruct-2507 chat 262144 262144 t
Qwen/Qwen3-235B-A22B-Thinking-2507 chat 262144 262144 t
Qwen/Qwen3-30B-A3B chat 40960 40960 t
Qwen/Qwen3-32B chat 40960 40960 t
Qwen/Qwen3-Coder-480B-A35B-Instruct chat 262144 262144 t
Qwen/Qwen3-Coder-480B-A35B-Instruct-Turbo chat 262144 262144 t
Qwen/Qwen3-Next-80B-A3B-Instruct chat 262144 262144 t
Qwen/Qwen3-Next-80B-A3B-Thinking chat 262144 262144 t
Sao10K/L3-8B-Lunaris-v1-Turbo chat 8192 8192 -
Sao10K/L3.1-70B-Euryale-v2.2 chat 131072 131072 -
Sao10K/L3.3-70B-Euryale-v2.3 chat 131072 131072 -
allenai/olmOCR-7B-0725-FP8 chat 16384 16384 -
anthropic/claude-3-7-sonnet-latest chat 200000 200000 t
anthropic/claude-4-opus chat 200000 200000 t
anthropic/claude-4-sonnet chat 200000 200000 t
deepseek-ai/DeepSeek-R1 chat 163840 163840 t
deepseek-ai/DeepSeek-R1-0528 chat 163840 163840 t
deepseek-ai/DeepSeek-R1-0528-Turbo chat 32768 32768 t
deepseek-ai/DeepSeek-R1-Distill-Llama-70B chat 131072 131072 -
deepseek-ai/DeepSeek-R1-Distill-Qwen-32B chat 131072 131072 t
deepseek-ai/DeepSeek-R1-Turbo chat 40960 40960 t
deepseek-ai/DeepSeek-V3 chat 163840 163840 t
deepseek-ai/DeepSeek-V3-0324 chat 163840 163840 t
deepseek-ai/DeepSeek-V3.1 chat 163840 163840 tr
deepseek-ai/DeepSeek-V3.1-Terminus chat 163840 163840 t
google/gemini-2.0-flash-001 chat 1000000 1000000 t
google/gemini-2.5-flash chat 1000000 1000000 t
google/gemini-2.5-pro chat 1000000 1000000 t
google/gemma-3-12b-it chat 131072 131072 t
google/gemma-3-27b-it chat 131072 131072 t
google/gemma-3-4b-it chat 131072 131072 t
meta-llama/Llama-3.2-11B-Vision-Instruct chat 131072 131072 -
meta-llama/Llama-3.2-3B-Instruct chat 131072 131072 t
meta-llama/Llama-3.3-70B-Instruct chat 131072 131072 t
meta-llama/Llama-3.3-70B-Instruct-Turbo chat 131072 131072 t
meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 chat 1048576 1048576 t
meta-llama/Llama-4-Scout-17B-16E-Instruct chat 327680 327680 t
meta-llama/Llama-Guard-3-8B chat 131072 131072 -
meta-llama/Llama-Guard-4-12B chat 163840 163840 -
meta-llama/Meta-Llama-3-8B-Instruct chat 8192 8192 t
meta-llama/Meta-Llama-3.1-70B-Instruct chat 131072 131072 t
meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo chat 131072 131072 t
meta-llama/Meta-Llama-3.1-8B-Instruct chat 131072 131072 t
meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo chat 131072 131072 t
microsoft/WizardLM-2-8x22B chat 65536 65536 -
microsoft/phi-4 chat 16384 16384 t
mistralai/Mistral-Nemo-Instruct-2407 chat 131072 131072 t
mistralai/Mistral-Small-24B-Instruct-2501 chat 32768 32768 t
mistralai/Mistral-Small-3.2-24B-Instruct-2506 chat 128000 128000 t
mistralai/Mixtral-8x7B-Instruct-v0.1 chat 32768 32768 t
moonshotai/Kimi-K2-Instruct chat 131072 131072 t
moonshotai/Kimi-K2-Instruct-0905 chat 262144 262144 t
nvidia/Llama-3.1-Nemotron-70B-Instruct chat 131072 131072 t
nvidia/Llama-3.3-Nemotron-Super-49B-v1.5 chat 131072 131072 t
nvidia/NVIDIA-Nemotron-Nano-9B-v2 chat 131072 131072 t
openai/gpt-oss-120b chat 131072 131072 t
openai/gpt-oss-20b chat 131072 131072 t
zai-org/GLM-4.5 chat 131072 131072 t
`,
  },
  novita: {
    sources: [],
    models: `
Sao10K/L3-8B-Stheno-v3.2 chat 8192 32000 t
baai/bge-m3 embedding 8192 - -
baai/bge-reranker-v2-m3 rerank 8000 - -
baichuan/baichuan-m2-32b chat 131072 131072 -
baidu/ernie-4.5-21B-a3b chat 120000 8000 t
baidu/ernie-4.5-21B-a3b-thinking chat 131072 65536 r
baidu/ernie-4.5-300b-a47b-paddle chat 123000 12000 s
baidu/ernie-4.5-vl-28b-a3b chat 30000 8000 vtr
baidu/ernie-4.5-vl-28b-a3b-thinking chat 131072 65536 vtsr
baidu/ernie-4.5-vl-424b-a47b chat 123000 16000 vr
deepseek/deepseek-ocr chat 8192 8192 vs
deepseek/deepseek-prover-v2-671b chat 160000 160000 -
deepseek/deepseek-r1-0528 chat 163840 32768 tsr
deepseek/deepseek-r1-0528-qwen3-8b chat 128000 32000 r
deepseek/deepseek-r1-distill-llama-70b chat 8192 8192 sr
deepseek/deepseek-r1-distill-qwen-14b chat 32768 16384 sr
deepseek/deepseek-r1-distill-qwen-32b chat 64000 32000 sr
deepseek/deepseek-r1-turbo chat 64000 16000 tr
deepseek/deepseek-v3-0324 chat 163840 163840 ts
deepseek/deepseek-v3-turbo chat 64000 16000 t
deepseek/deepseek-v3.1 chat 131072 32768 tsr
deepseek/deepseek-v3.1-terminus chat 131072 32768 tsr
deepseek/deepseek-v3.2 chat 163840 65536 tsr
deepseek/deepseek-v3.2-exp chat 163840 65536 tsr
google/gemma-3-12b-it chat 131072 8192 vs
google/gemma-3-27b-it chat 98304 16384 v
gryphe/mythomax-l2-13b chat 4096 3200 -
kwaipilot/kat-coder-pro chat 256000 128000 ts
meta-llama/llama-3-70b-instruct chat 8192 8000 s
meta-llama/llama-3-8b-instruct chat 8192 8192 -
meta-llama/llama-3.1-8b-instruct chat 16384 16384 -
meta-llama/llama-3.2-3b-instruct chat 32768 32000 t
meta-llama/llama-3.3-70b-instruct chat 131072 120000 t
meta-llama/llama-4-maverick-17b-128e-instruct-fp8 chat 1048576 8192 v
meta-llama/llama-4-scout-17b-16e-instruct chat 131072 131072 v
microsoft/wizardlm-2-8x22b chat 65535 8000 -
minimax/minimax-m2 chat 204800 131072 tr
minimax/minimax-m2.1 chat 204800 131072 ts
minimaxai/minimax-m1-80k chat 1000000 40000 tr
mistralai/mistral-nemo chat 60288 16000 s
moonshotai/kimi-k2-0905 chat 262144 262144 ts
moonshotai/kimi-k2-instruct chat 131072 131072 ts
moonshotai/kimi-k2-thinking chat 262144 262144 tsr
nousresearch/hermes-2-pro-llama-3-8b chat 8192 8192 s
openai/gpt-oss-120b chat 131072 32768 vtsr
openai/gpt-oss-20b chat 131072 32768 vsr
paddlepaddle/paddleocr-vl chat 16384 16384 v
qwen/qwen-2.5-72b-instruct chat 32000 8192 ts
qwen/qwen-mt-plus chat 16384 8192 -
qwen/qwen2.5-7b-instruct chat 32000 32000 ts
qwen/qwen2.5-vl-72b-instruct chat 32768 32768 v
qwen/qwen3-235b-a22b-fp8 chat 40960 20000 r
qwen/qwen3-235b-a22b-instruct-2507 chat 131072 16384 ts
qwen/qwen3-235b-a22b-thinking-2507 chat 131072 32768 tr
qwen/qwen3-30b-a3b-fp8 chat 40960 20000 r
qwen/qwen3-32b-fp8 chat 40960 20000 r
qwen/qwen3-4b-fp8 chat 128000 20000 r
qwen/qwen3-8b-fp8 chat 128000 20000 r
qwen/qwen3-coder-30b-a3b-instruct chat 160000 32768 ts
qwen/qwen3-coder-480b-a35b-instruct chat 262144 65536 ts
qwen/qwen3-embedding-0.6b embedding 32768 - -
qwen/qwen3-embedding-8b embedding 32768 - -
qwen/qwen3-max chat 262144 65536 ts
qwen/qwen3-next-80b-a3b-instruct chat 131072 32768 ts
qwen/qwen3-next-80b-a3b-thinking chat 131072 32768 tsr
qwen/qwen3-omni-30b-a3b-instruct chat 65536 16384 vtsao
qwen/qwen3-omni-30b-a3b-thinking chat 65536 16384 vtsra
qwen/qwen3-reranker-8b rerank 32768 - -
qwen/qwen3-vl-235b-a22b-instruct chat 131072 32768 vts
qwen/qwen3-vl-235b-a22b-thinking chat 131072 32768 vr
qwen/qwen3-vl-30b-a3b-instruct chat 131072 32768 vts
qwen/qwen3-vl-30b-a3b-thinking chat 131072 32768 vts
qwen/qwen3-vl-8b-instruct chat 131072 32768 vts
sao10k/l3-70b-euryale-v2.1 chat 8192 8192 t
sao10k/l3-8b-lunaris chat 8192 8192 s
sao10k/l31-70b-euryale-v2.2 chat 8192 8192 t
skywork/r1v4-lite chat 262144 65536 vs
xiaomimimo/mimo-v2-flash chat 262144 32000 tsr
zai-org/autoglm-phone-9b-multilingual chat 65536 65536 v
zai-org/glm-4.5 chat 131072 98304 tr
zai-org/glm-4.5-air chat 131072 98304 tr
zai-org/glm-4.5v chat 65536 16384 vtsr
zai-org/glm-4.6 chat 204800 131072 tsr
zai-org/glm-4.6v chat 131072 32768 vtsr
zai-org/glm-4.7 chat 204800 131072 tsr
`,
  },
};
