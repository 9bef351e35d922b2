import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://models.dev"],
  models: `
Gryphe/MythoMax-L2-13b chat 4096 4096 t
MiniMaxAI/MiniMax-M2.5 chat 196608 131072 trc 0.15/1.15/0.03 1
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
Qwen/Qwen3-Coder-480B-A35B-Instruct-Turbo chat 262144 262144 t 0.3/1 1
Qwen/Qwen3-Next-80B-A3B-Instruct chat 262144 262144 t
Qwen/Qwen3-Next-80B-A3B-Thinking chat 262144 262144 t
Qwen/Qwen3.5-35B-A3B chat 262144 81920 vtrc 0.14/1/0.05 1
Qwen/Qwen3.5-397B-A17B chat 262144 81920 vtrc 0.45/3/0.22 1
Qwen/Qwen3.6-35B-A3B chat 262144 81920 vtr 0.15/0.95 1
Sao10K/L3-8B-Lunaris-v1-Turbo chat 8192 8192 -
Sao10K/L3.1-70B-Euryale-v2.2 chat 131072 131072 -
Sao10K/L3.3-70B-Euryale-v2.3 chat 131072 131072 -
XiaomiMiMo/MiMo-V2.5 chat 262144 16384 vtrac
XiaomiMiMo/MiMo-V2.5-Pro chat 1048576 16384 trc
allenai/olmOCR-7B-0725-FP8 chat 16384 16384 -
anthropic/claude-3-7-sonnet-latest chat 200000 200000 t
anthropic/claude-4-opus chat 200000 200000 t
anthropic/claude-4-sonnet chat 200000 200000 t
deepseek-ai/DeepSeek-R1 chat 163840 163840 t
deepseek-ai/DeepSeek-R1-0528 chat 163840 163840 t 0.5/2.15/0.35 1
deepseek-ai/DeepSeek-R1-0528-Turbo chat 32768 32768 t
deepseek-ai/DeepSeek-R1-Distill-Llama-70B chat 131072 131072 -
deepseek-ai/DeepSeek-R1-Distill-Qwen-32B chat 131072 131072 t
deepseek-ai/DeepSeek-R1-Turbo chat 40960 40960 t
deepseek-ai/DeepSeek-V3 chat 163840 163840 t
deepseek-ai/DeepSeek-V3-0324 chat 163840 163840 t
deepseek-ai/DeepSeek-V3.1 chat 163840 163840 tr
deepseek-ai/DeepSeek-V3.1-Terminus chat 163840 163840 t
deepseek-ai/DeepSeek-V3.2 chat 163840 64000 trc 0.26/0.38/0.13 1
deepseek-ai/DeepSeek-V4-Flash chat 1048576 16384 tsrc 0.1/0.2/0.02 1
deepseek-ai/DeepSeek-V4-Pro chat 1048576 16384 tsrc 1.3/2.6/0.1 1
google/gemini-2.0-flash-001 chat 1000000 1000000 t
google/gemini-2.5-flash chat 1000000 1000000 t
google/gemini-2.5-pro chat 1000000 1000000 t
google/gemma-3-12b-it chat 131072 131072 t
google/gemma-3-27b-it chat 131072 131072 t
google/gemma-3-4b-it chat 131072 131072 t
google/gemma-4-26B-A4B-it chat 262144 32768 vtsr 0.07/0.34 1
google/gemma-4-31B-it chat 262144 32768 vtsr 0.13/0.38 1
meta-llama/Llama-3.2-11B-Vision-Instruct chat 131072 131072 -
meta-llama/Llama-3.2-3B-Instruct chat 131072 131072 t
meta-llama/Llama-3.3-70B-Instruct chat 131072 131072 t
meta-llama/Llama-3.3-70B-Instruct-Turbo chat 131072 131072 t 0.1/0.32 1
meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8 chat 1048576 1048576 t 0.15/0.6 1
meta-llama/Llama-4-Scout-17B-16E-Instruct chat 327680 327680 t 0.1/0.3 1
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
moonshotai/Kimi-K2.5 chat 262144 32768 vtsrc 0.45/2.25/0.07 1
moonshotai/Kimi-K2.6 chat 262144 16384 vtsrc 0.75/3.5/0.15 1
moonshotai/Kimi-K2.7-Code chat 262144 262144 vtsrc 0.74/3.5/0.15 1
nvidia/Llama-3.1-Nemotron-70B-Instruct chat 131072 131072 t
nvidia/Llama-3.3-Nemotron-Super-49B-v1.5 chat 131072 131072 t
nvidia/NVIDIA-Nemotron-Nano-9B-v2 chat 131072 131072 t
openai/gpt-oss-120b chat 131072 131072 t 0.039/0.19 1
openai/gpt-oss-20b chat 131072 131072 t 0.03/0.14 1
zai-org/GLM-4.5 chat 131072 131072 t
zai-org/GLM-4.6 chat 202752 131072 trc 0.43/1.74/0.08 1
zai-org/GLM-4.7 chat 202752 16384 trc 0.4/1.75/0.08 1
zai-org/GLM-4.7-Flash chat 202752 16384 tr 0.06/0.4 1
zai-org/GLM-5 chat 202752 16384 trc 0.6/2.08/0.12 1
zai-org/GLM-5.1 chat 202752 16384 tsrc 1.05/3.5/0.205 1
zai-org/GLM-5.2 chat 1048576 32768 tsrc 0.95/3/0.18 1
`,
};
