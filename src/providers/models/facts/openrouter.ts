import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://openrouter.ai/api/v1/models/bytedance/ui-tars-1.5-7b",
    "https://models.dev",
    "https://ai.google.dev/pricing/gemini-3",
    "https://ai.google.dev/gemini-api/docs/pricing#gemini-3.1-flash-lite",
    "https://openrouter.ai/minimax/minimax-m2.5",
    "https://openrouter.ai/moonshotai/kimi-k2.5",
    "https://openrouter.ai/openai/gpt-5.1-codex-max",
    "https://openrouter.ai/openai/gpt-oss-120b",
    "https://openrouter.ai/openai/gpt-oss-20b",
    "https://openrouter.ai/qwen/qwen3-235b-a22b-2507",
    "https://openrouter.ai/qwen/qwen3-235b-a22b-thinking-2507",
    "https://openrouter.ai/qwen/qwen3-coder",
    "https://openrouter.ai/qwen/qwen3-coder-plus",
    "https://openrouter.ai/qwen/qwen3.5-122b-a10b",
    "https://openrouter.ai/qwen/qwen3.5-27b",
    "https://openrouter.ai/qwen/qwen3.5-35b-a3b",
    "https://openrouter.ai/qwen/qwen3.5-397b-a17b",
    "https://openrouter.ai/qwen/qwen3.5-flash-02-23",
    "https://openrouter.ai/qwen/qwen3.6-plus",
    "https://openrouter.ai/switchpoint/router",
    "https://openrouter.ai/x-ai/grok-4",
    "https://openrouter.ai/z-ai/glm-4.6",
    "https://openrouter.ai/z-ai/glm-4.6:exacto",
    "https://openrouter.ai/z-ai/glm-5",
    "https://openrouter.ai/z-ai/glm-5.1",
  ],
  models: `
ai21/jamba-large-1.7 chat 256000 4096 t
aion-labs/aion-1.0 chat 131072 32768 r
aion-labs/aion-1.0-mini chat 131072 32768 r
aion-labs/aion-2.0 chat 131072 32768 rc
aion-labs/aion-rp-llama-3.1-8b chat 32768 32768 -
allenai/olmo-3-32b-think chat 65536 65536 sr
amazon/nova-2-lite-v1 chat 1000000 65535 vtrd
amazon/nova-lite-v1 chat 300000 5120 vt
amazon/nova-micro-v1 chat 128000 5120 t
amazon/nova-premier-v1 chat 1000000 32000 vtc
amazon/nova-pro-v1 chat 300000 5120 vt
anthracite-org/magnum-v4-72b chat 16384 2048 s
anthropic/claude-3-haiku chat 200000 4096 vt
anthropic/claude-3.5-sonnet chat 200000 8192 vt
anthropic/claude-3.7-sonnet chat 200000 128000 vtr
anthropic/claude-haiku-4.5 chat 200000 200000 vtrc
anthropic/claude-opus-4 chat 200000 32000 vtrc
anthropic/claude-opus-4.1 chat 200000 32000 vtrc
anthropic/claude-opus-4.5 chat 200000 32000 vtrc
anthropic/claude-opus-4.6 chat 1000000 128000 vtrc
anthropic/claude-opus-4.7 chat 1000000 128000 vtsrdc
anthropic/claude-opus-4.7-fast chat 1000000 128000 vtsrdc
anthropic/claude-opus-4.8 chat 1000000 128000 vtsrdc
anthropic/claude-opus-4.8-fast chat 1000000 128000 vtsrdc
anthropic/claude-sonnet-4 chat 1000000 64000 vtrc
anthropic/claude-sonnet-4.5 chat 1000000 1000000 vtrc
anthropic/claude-sonnet-4.6 chat 1000000 128000 vtrc
anthropic/claude-sonnet-5 chat 1000000 128000 vtsrdc
arcee-ai/coder-large chat 32768 32768 -
arcee-ai/trinity-large-thinking chat 262144 80000 trc
arcee-ai/trinity-mini chat 131072 131072 tsr
arcee-ai/virtuoso-large chat 131072 64000 t
baidu/ernie-4.5-vl-424b-a47b chat 123000 16000 vr
bytedance-seed/seed-1.6 chat 262144 32768 vtsr
bytedance-seed/seed-1.6-flash chat 262144 32768 vtsr
bytedance-seed/seed-2.0-lite chat 262144 131072 vtsr
bytedance-seed/seed-2.0-mini chat 262144 131072 vtsr
bytedance/ui-tars-1.5-7b chat 131072 2048 vsc 0.1/0.2 1
cognitivecomputations/dolphin-mistral-24b-venice-edition:free chat 32768 32768 s 0/0 2
cohere/command-a chat 256000 8192 s
cohere/command-r-08-2024 chat 128000 4000 ts
cohere/command-r-plus-08-2024 chat 128000 4000 ts
cohere/command-r7b-12-2024 chat 128000 4000 s
cohere/north-mini-code:free chat 256000 64000 tr 0/0 2
deepcogito/cogito-v2.1-671b chat 128000 128000 sr
deepseek/deepseek-chat chat 65536 8192 c
deepseek/deepseek-chat-v3-0324 chat 65536 8192 c
deepseek/deepseek-chat-v3.1 chat 163840 163840 trc
deepseek/deepseek-r1 chat 65336 8192 trc
deepseek/deepseek-r1-0528 chat 65336 8192 trc
deepseek/deepseek-r1-distill-llama-70b chat 8192 8192 r
deepseek/deepseek-v3.1-terminus chat 163840 32768 tsrc
deepseek/deepseek-v3.2 chat 163840 163840 trc
deepseek/deepseek-v3.2-exp chat 163840 163840 tc
deepseek/deepseek-v4-flash chat 1048575 65536 tsrc
deepseek/deepseek-v4-pro chat 1048576 384000 tsrc
google/gemini-2.0-flash-001 chat 1048576 8192 vtso
google/gemini-2.5-flash chat 1048576 8192 vtso
google/gemini-2.5-flash-image chat 32768 32768 vsc
google/gemini-2.5-flash-lite chat 1048576 65535 vtsradc
google/gemini-2.5-flash-lite-preview-09-2025 chat 1048576 65535 vtsradc
google/gemini-2.5-pro chat 1048576 8192 vtso
google/gemini-2.5-pro-preview chat 1048576 65536 vtsradc
google/gemini-2.5-pro-preview-05-06 chat 1048576 65535 vtsradc
google/gemini-3-flash-preview chat 1048576 65535 vtsrdcw 0.5/3/0.05 3
google/gemini-3-pro-image chat 65536 32768 vtsrc 2/12/0.2/0.375 2
google/gemini-3-pro-image-preview chat 65536 32768 vsrc
google/gemini-3-pro-preview chat 1048576 65535 vtsradcw
google/gemini-3.1-flash-image chat 131072 32768 vsr 0.5/3 2
google/gemini-3.1-flash-image-preview chat 131072 32768 vsr
google/gemini-3.1-flash-lite chat 1048576 65536 vtsradcw 0.25/1.5/0.025 4
google/gemini-3.1-flash-lite-image chat 65536 66000 vr 0.25/1.5 2
google/gemini-3.1-flash-lite-preview chat 1048576 65536 vtsradcw 0.25/1.5/0.025 3
google/gemini-3.1-pro-preview chat 1048576 65536 vtsradc
google/gemini-3.1-pro-preview-customtools chat 1048576 65536 vtsradc
google/gemini-3.5-flash chat 1048576 65536 vtsradc
google/gemma-2-27b-it chat 8192 2048 s
google/gemma-3-12b-it chat 131072 16384 vts
google/gemma-3-27b-it chat 131072 16384 vts
google/gemma-3-4b-it chat 131072 16384 vs
google/gemma-3n-e4b-it chat 32768 32768 s
google/gemma-4-26b-a4b-it chat 262144 262144 vtsr
google/gemma-4-26b-a4b-it:free chat 131072 32768 vtsr 0/0 2
google/gemma-4-31b-it chat 262144 262144 vtsrc
google/gemma-4-31b-it:free chat 262144 8192 vtr 0/0 2
google/lyria-3-clip-preview chat 1048576 65536 vo
google/lyria-3-pro-preview chat 1048576 65536 vo
gryphe/mythomax-l2-13b chat 4096 4096 s
ibm-granite/granite-4.0-h-micro chat 131000 131000 -
ibm-granite/granite-4.1-8b chat 131072 131072 tsc
inception/mercury-2 chat 128000 50000 tsrc
inclusionai/ling-2.6-1t chat 262144 32768 tsc
inclusionai/ling-2.6-flash chat 262144 32768 tsc
inclusionai/ring-2.6-1t chat 262144 65536 trc
inflection/inflection-3-pi chat 8000 1024 -
inflection/inflection-3-productivity chat 8000 1024 -
kwaipilot/kat-coder-pro-v2 chat 256000 80000 tsc
liquid/lfm-2-24b-a2b chat 32768 32768 -
liquid/lfm-2.5-1.2b-instruct:free chat 32768 32768 s 0/0 2
liquid/lfm-2.5-1.2b-thinking:free chat 32768 32768 tsr 0/0 2
mancer/weaver chat 8000 2000 s
meta-llama/llama-3-70b-instruct chat 8192 8000 -
meta-llama/llama-3-8b-instruct chat 8192 8192 s
meta-llama/llama-3.1-70b-instruct chat 131072 16384 ts
meta-llama/llama-3.1-8b-instruct chat 131072 16384 ts
meta-llama/llama-3.2-11b-vision-instruct chat 131072 16384 v
meta-llama/llama-3.2-1b-instruct chat 60000 60000 -
meta-llama/llama-3.2-3b-instruct chat 80000 80000 -
meta-llama/llama-3.2-3b-instruct:free chat 131072 131072 - 0/0 2
meta-llama/llama-3.3-70b-instruct chat 131072 16384 ts
meta-llama/llama-3.3-70b-instruct:free chat 65536 131072 t 0/0 2
meta-llama/llama-4-maverick chat 1048576 16384 vts
meta-llama/llama-4-scout chat 327680 16384 vts
meta-llama/llama-guard-4-12b chat 163840 16384 v
microsoft/phi-4 chat 16384 16384 s
microsoft/wizardlm-2-8x22b chat 65535 8000 -
minimax/minimax-01 chat 1000192 1000192 v
minimax/minimax-m1 chat 1000000 40000 tr
minimax/minimax-m2 chat 204800 204800 trc
minimax/minimax-m2-her chat 65536 2048 c
minimax/minimax-m2.1 chat 204000 64000 vtr
minimax/minimax-m2.5 chat 196608 65536 trc 0.3/1.1/0.15 5
minimax/minimax-m2.7 chat 196608 196608 tsr
minimax/minimax-m3 chat 524288 512000 vtsrc
mistralai/codestral-2508 chat 256000 256000 tsdc
mistralai/devstral-2512 chat 262144 65536 t
mistralai/ministral-14b-2512 chat 262144 262144 vt
mistralai/ministral-3b-2512 chat 131072 131072 vt
mistralai/ministral-8b-2512 chat 262144 262144 vt
mistralai/mistral-7b-instruct chat 32768 8191 -
mistralai/mistral-large chat 128000 8191 tsdc
mistralai/mistral-large-2407 chat 131072 131072 tsdc
mistralai/mistral-large-2512 chat 262144 262144 vt
mistralai/mistral-medium-3 chat 131072 131072 vtsdc
mistralai/mistral-medium-3-5 chat 262144 262144 vtsrd
mistralai/mistral-medium-3.1 chat 131072 262144 vtsdc
mistralai/mistral-nemo chat 131072 131072 ts
mistralai/mistral-saba chat 32768 32768 tsdc
mistralai/mistral-small-24b-instruct-2501 chat 32768 16384 s
mistralai/mistral-small-2603 chat 262144 262144 vtsrc
mistralai/mistral-small-3.1-24b-instruct chat 131072 131072 v
mistralai/mistral-small-3.2-24b-instruct chat 128000 128000 vts
mistralai/mixtral-8x22b-instruct chat 65536 65536 tsdc
mistralai/voxtral-small-24b-2507 chat 32000 32000 tsadc
moonshotai/kimi-k2 chat 131072 100352 t
moonshotai/kimi-k2-0905 chat 262144 100352 ts
moonshotai/kimi-k2-thinking chat 262144 262144 tsrc
moonshotai/kimi-k2.5 chat 262144 262144 vt 0.6/3/0.1 6
moonshotai/kimi-k2.6 chat 262144 262144 vtsrc
moonshotai/kimi-k2.7-code chat 262144 16384 vtsrc
morph/morph-v3-fast chat 81920 38000 -
morph/morph-v3-large chat 262144 131072 s
nex-agi/nex-n2-pro chat 262144 262144 vrc 0.25/1/0.025 2
nousresearch/hermes-3-llama-3.1-405b chat 131072 16384 s
nousresearch/hermes-3-llama-3.1-405b:free chat 131072 131072 - 0/0 2
nousresearch/hermes-3-llama-3.1-70b chat 131072 16384 s
nousresearch/hermes-4-405b chat 131072 131072 r
nousresearch/hermes-4-70b chat 131072 131072 r
nvidia/llama-3.3-nemotron-super-49b-v1.5 chat 131072 16384 tr
nvidia/nemotron-3-nano-30b-a3b chat 262144 228000 tsr
nvidia/nemotron-3-nano-30b-a3b:free chat 256000 256000 tr 0/0 2
nvidia/nemotron-3-nano-omni-30b-a3b-reasoning:free chat 256000 65536 vtra 0/0 2
nvidia/nemotron-3-super-120b-a12b chat 262144 16384 tsr
nvidia/nemotron-3-super-120b-a12b:free chat 262144 262144 tsr 0/0 2
nvidia/nemotron-3-ultra-550b-a55b chat 262144 16384 tsrc
nvidia/nemotron-3-ultra-550b-a55b:free chat 1000000 65536 tr 0/0 2
nvidia/nemotron-3.5-content-safety:free chat 128000 8192 vr 0/0 2
nvidia/nemotron-nano-12b-v2-vl:free chat 128000 128000 vtr 0/0 2
nvidia/nemotron-nano-9b-v2:free chat 128000 128000 tsr 0/0 2
openai/gpt-3.5-turbo chat 16385 4096 ts
openai/gpt-3.5-turbo-0613 chat 4095 4096 ts
openai/gpt-3.5-turbo-16k chat 16385 4096 ts
openai/gpt-3.5-turbo-instruct chat 4095 4096 s
openai/gpt-4 chat 8191 4096 ts
openai/gpt-4-turbo chat 128000 4096 vts
openai/gpt-4-turbo-preview chat 128000 4096 ts
openai/gpt-4.1 chat 1047576 32768 vtsc
openai/gpt-4.1-mini chat 1047576 32768 vtsc
openai/gpt-4.1-nano chat 1047576 32768 vtsc
openai/gpt-4o chat 128000 4096 vt
openai/gpt-4o-2024-05-13 chat 128000 4096 vt
openai/gpt-4o-2024-08-06 chat 128000 16384 vtsdc
openai/gpt-4o-2024-11-20 chat 128000 16384 vtsdc
openai/gpt-4o-mini chat 128000 16384 vtsdc
openai/gpt-4o-mini-2024-07-18 chat 128000 16384 vtsdc
openai/gpt-4o-mini-search-preview chat 128000 16384 s
openai/gpt-4o-search-preview chat 128000 16384 s
openai/gpt-5 chat 272000 128000 r
openai/gpt-5-chat chat 128000 16384 r
openai/gpt-5-codex chat 272000 128000 r
openai/gpt-5-image chat 400000 128000 vsrdc
openai/gpt-5-image-mini chat 400000 128000 vsrdc
openai/gpt-5-mini chat 272000 128000 r
openai/gpt-5-nano chat 272000 128000 r
openai/gpt-5-pro chat 272000 128000 vtsrd
openai/gpt-5.1 chat 272000 128000 vtsrdc
openai/gpt-5.1-chat chat 128000 32000 vtsdc
openai/gpt-5.1-codex chat 272000 128000 vtsrc
openai/gpt-5.1-codex-max chat 400000 128000 vtrc 1.25/10/0.125 7
openai/gpt-5.1-codex-mini chat 272000 100000 vtsrc
openai/gpt-5.2 chat 272000 128000 vtrc
openai/gpt-5.2-chat chat 128000 16384 vtc
openai/gpt-5.2-codex chat 272000 128000 r
openai/gpt-5.2-pro chat 272000 128000 vtr
openai/gpt-5.3-chat chat 128000 16384 vtsdc
openai/gpt-5.3-codex chat 272000 128000 vtsrdc
openai/gpt-5.4 chat 922000 128000 vtsrdc
openai/gpt-5.4-image-2 chat 272000 128000 vsrdc
openai/gpt-5.4-mini chat 272000 128000 vtsrdc
openai/gpt-5.4-nano chat 272000 128000 vtsrdc
openai/gpt-5.4-pro chat 922000 128000 vtsrd
openai/gpt-5.5 chat 922000 128000 vtsrdc
openai/gpt-5.5-pro chat 922000 128000 vtsrd
openai/gpt-audio chat 128000 16384 tsao
openai/gpt-audio-mini chat 128000 16384 tsao
openai/gpt-chat-latest chat 400000 128000 vtsdc
openai/gpt-oss-120b chat 131072 32768 tsr 0.18/0.8 8
openai/gpt-oss-120b:free chat 131072 131072 tr 0/0 2
openai/gpt-oss-20b chat 131072 32768 tsr 0.02/0.1 9
openai/gpt-oss-20b:free chat 131072 32768 tsr 0/0 2
openai/gpt-oss-safeguard-20b chat 131072 65536 tsrc
openai/o1 chat 200000 100000 vtsc
openai/o1-pro chat 200000 100000 vsrd
openai/o3 chat 200000 100000 vtsrdc
openai/o3-deep-research chat 200000 100000 vtsrdc
openai/o3-mini chat 128000 65536 tr
openai/o3-mini-high chat 128000 65536 tr
openai/o3-pro chat 200000 100000 vtsrd
openai/o4-mini chat 200000 100000 vtsrdc
openai/o4-mini-deep-research chat 200000 100000 vtsrdc
openai/o4-mini-high chat 200000 100000 vtsrdc
openrouter/auto chat 2000000 2000000 vtsra
openrouter/bodybuilder chat 128000 128000 -
openrouter/free chat 200000 8000 vtsr
openrouter/fusion chat 1000000 128000 -
openrouter/pareto-code chat 2000000 200000 -
perceptron/perceptron-mk1 chat 32768 8192 vsr
perplexity/sonar chat 127072 127072 v
perplexity/sonar-deep-research chat 128000 128000 r
perplexity/sonar-pro chat 200000 8000 v
perplexity/sonar-pro-search chat 200000 8000 vsr 3/15 2
perplexity/sonar-reasoning-pro chat 128000 128000 vr
poolside/laguna-m.1 chat 262144 32768 trc 0.2/0.4/0.1 2
poolside/laguna-m.1:free chat 262144 32768 tr 0/0 2
poolside/laguna-xs.2 chat 262144 32768 trc 0.1/0.2/0.05 2
poolside/laguna-xs.2:free chat 262144 32768 tr 0/0 2
qwen/qwen-2.5-72b-instruct chat 32768 16384 ts
qwen/qwen-2.5-7b-instruct chat 32768 32768 ts
qwen/qwen-2.5-coder-32b-instruct chat 33792 33792 -
qwen/qwen-plus chat 1000000 32768 tsc
qwen/qwen-plus-2025-07-28 chat 1000000 32768 ts
qwen/qwen-plus-2025-07-28:thinking chat 1000000 32768 tsr
qwen/qwen-vl-plus chat 8192 2048 v
qwen/qwen2.5-vl-72b-instruct chat 128000 128000 vsc
qwen/qwen3-14b chat 40960 40960 tsr
qwen/qwen3-235b-a22b chat 131072 8192 tr
qwen/qwen3-235b-a22b-2507 chat 262144 262144 t 0.071/0.1 10
qwen/qwen3-235b-a22b-thinking-2507 chat 262144 262144 tr 0.11/0.6 11
qwen/qwen3-30b-a3b chat 40960 16384 tsr
qwen/qwen3-30b-a3b-instruct-2507 chat 128000 32000 ts
qwen/qwen3-30b-a3b-thinking-2507 chat 131072 131072 tsrc
qwen/qwen3-32b chat 40960 16384 tsr
qwen/qwen3-8b chat 40960 8192 tsrc
qwen/qwen3-coder chat 262100 262100 t 0.22/0.95 12
qwen/qwen3-coder-30b-a3b-instruct chat 160000 32768 ts
qwen/qwen3-coder-flash chat 1000000 65536 tc
qwen/qwen3-coder-next chat 262144 262144 tsc
qwen/qwen3-coder-plus chat 997952 65536 tr 1/5 13
qwen/qwen3-coder:free chat 262000 262000 t 0/0 2
qwen/qwen3-max chat 262144 32768 tsc
qwen/qwen3-max-thinking chat 262144 32768 tsr
qwen/qwen3-next-80b-a3b-instruct chat 262144 16384 ts
qwen/qwen3-next-80b-a3b-instruct:free chat 262144 262144 ts 0/0 2
qwen/qwen3-next-80b-a3b-thinking chat 131072 32768 tsr
qwen/qwen3-vl-235b-a22b-instruct chat 262144 16384 vtsc
qwen/qwen3-vl-235b-a22b-thinking chat 131072 32768 vtsr
qwen/qwen3-vl-30b-a3b-instruct chat 131072 32768 vts
qwen/qwen3-vl-30b-a3b-thinking chat 131072 32768 vtsr
qwen/qwen3-vl-32b-instruct chat 131072 32768 vts
qwen/qwen3-vl-8b-instruct chat 131072 32768 vts
qwen/qwen3-vl-8b-thinking chat 131072 32768 vtsr
qwen/qwen3.5-122b-a10b chat 262144 65536 vtr 0.4/2 14
qwen/qwen3.5-27b chat 262144 65536 vtr 0.3/2.4 15
qwen/qwen3.5-35b-a3b chat 262144 65536 vtr 0.25/2 16
qwen/qwen3.5-397b-a17b chat 262144 65536 vtr 0.6/3.6 17
qwen/qwen3.5-9b chat 262144 262144 vtsr
qwen/qwen3.5-flash-02-23 chat 1000000 65536 vtr 0.1/0.4 18
qwen/qwen3.5-plus-02-15 chat 1000000 65536 vtr
qwen/qwen3.5-plus-20260420 chat 1000000 65536 vtsr
qwen/qwen3.6-27b chat 262140 262140 vtsr
qwen/qwen3.6-35b-a3b chat 262144 262144 vtsr
qwen/qwen3.6-flash chat 1000000 65536 vtsr
qwen/qwen3.6-max-preview chat 262144 65536 tsr
qwen/qwen3.6-plus chat 1000000 65536 vtr 0.325/1.95 19
qwen/qwen3.7-max chat 1000000 65536 tsrc
qwen/qwen3.7-plus chat 1000000 65536 vtsrc
rekaai/reka-edge chat 16384 16384 vts
rekaai/reka-flash-3 chat 65536 65536 sr
relace/relace-apply-3 chat 256000 128000 -
relace/relace-search chat 256000 128000 t
sakana/fugu-ultra chat 1000000 128000 vtsrc 5/30/0.5 2
sao10k/l3-lunaris-8b chat 8192 16384 s
sao10k/l3.1-70b-hanami-x1 chat 16000 16000 s
sao10k/l3.1-euryale-70b chat 131072 16384 ts
sao10k/l3.3-euryale-70b chat 131072 16384 s
stepfun/step-3.5-flash chat 256000 65536 tr
stepfun/step-3.7-flash chat 256000 256000 vtsrc
switchpoint/router chat 131072 131072 r 0.85/3.4 20
tencent/hunyuan-a13b-instruct chat 131072 131072 sr
tencent/hy3-preview chat 262144 262144 trc
thedrummer/cydonia-24b-v4.1 chat 131072 131072 sc
thedrummer/rocinante-12b chat 32768 32768 -
thedrummer/skyfall-36b-v2 chat 32768 32768 sc
thedrummer/unslopnemo-12b chat 32768 32768 ts
undi95/remm-slerp-l2-13b chat 6144 4096 s
upstage/solar-pro-3 chat 128000 128000 tsrc
writer/palmyra-x5 chat 1040000 8192 -
x-ai/grok-4 chat 256000 256000 trw 3/15 21
x-ai/grok-4.20 chat 2000000 2000000 vtsrdc
x-ai/grok-4.20-multi-agent chat 2000000 2000000 vsrdc
x-ai/grok-4.3 chat 1000000 1000000 vtsrdc
x-ai/grok-build-0.1 chat 256000 256000 vtsrc
xiaomi/mimo-v2-flash chat 262144 16384 trc
xiaomi/mimo-v2.5 chat 1048576 131072 vtsrac
xiaomi/mimo-v2.5-pro chat 1048576 16384 tsrc
z-ai/glm-4.5 chat 131072 98304 trc
z-ai/glm-4.5-air chat 131072 98304 trc
z-ai/glm-4.5v chat 65536 16384 vtrc
z-ai/glm-4.6 chat 202800 131000 trc 0.4/1.75 22
z-ai/glm-4.6:exacto chat 202800 131000 trc 0.45/1.9 23
z-ai/glm-4.6v chat 131072 32768 vtrc
z-ai/glm-4.7 chat 202752 64000 vtr
z-ai/glm-4.7-flash chat 200000 32000 vtr
z-ai/glm-5 chat 202752 128000 tr 0.8/2.56 24
z-ai/glm-5-turbo chat 262144 131072 trc
z-ai/glm-5.1 chat 202752 65535 trc 1.05/3.5/0.525 25
z-ai/glm-5.2 chat 1048576 32768 tsrc
z-ai/glm-5v-turbo chat 202752 131072 vtrc 1.2/4/0.24 2
~anthropic/claude-fable-latest chat 1000000 128000 vtsrdc
~anthropic/claude-haiku-latest chat 200000 64000 vtsrdc
~anthropic/claude-opus-latest chat 1000000 128000 vtsrdc
~anthropic/claude-sonnet-latest chat 1000000 128000 vtsrdc
~google/gemini-flash-latest chat 1048576 65536 vtsradc
~google/gemini-pro-latest chat 1048576 65536 vtsradc
~moonshotai/kimi-latest chat 262144 262144 vtsrc
~openai/gpt-latest chat 1050000 128000 vtsrdc
~openai/gpt-mini-latest chat 400000 128000 vtsrdc
`,
};
