import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
MiniMaxAI/MiniMax-M2 chat 204800 128000 tr
MiniMaxAI/MiniMax-M2.1 chat 204800 131072 tr
MiniMaxAI/MiniMax-M2.5 chat 204800 131072 trc
MiniMaxAI/MiniMax-M2.7 chat 204800 131072 tsrc
MiniMaxAI/MiniMax-M3 chat 524288 128000 vtsr
Qwen/Qwen3-235B-A22B chat 40960 16384 tsr
Qwen/Qwen3-235B-A22B-Thinking-2507 chat 262144 131072 tr
Qwen/Qwen3-32B chat 131072 16384 tsr
Qwen/Qwen3-Coder-30B-A3B-Instruct chat 262144 65536 ts
Qwen/Qwen3-Coder-480B-A35B-Instruct chat 262144 66536 t
Qwen/Qwen3-Coder-Next chat 262144 65536 t
Qwen/Qwen3-Embedding-4B embedding 32000 - -
Qwen/Qwen3-Embedding-8B embedding 32000 - -
Qwen/Qwen3-Next-80B-A3B-Instruct chat 262144 66536 t
Qwen/Qwen3-Next-80B-A3B-Thinking chat 262144 131072 t
Qwen/Qwen3.5-122B-A10B chat 262144 65536 vtsr
Qwen/Qwen3.5-27B chat 262144 65536 vtsr
Qwen/Qwen3.5-35B-A3B chat 262144 65536 vtsr
Qwen/Qwen3.5-397B-A17B chat 262144 32768 vtr
Qwen/Qwen3.5-9B chat 262144 65536 vtsr
Qwen/Qwen3.6-27B chat 262144 65536 vtsr
Qwen/Qwen3.6-35B-A3B chat 262144 65536 vtsr
XiaomiMiMo/MiMo-V2-Flash chat 262144 4096 tr
XiaomiMiMo/MiMo-V2.5-Pro chat 1048576 131072 tsr
deepseek-ai/DeepSeek-R1 chat 64000 32768 tsr
deepseek-ai/DeepSeek-R1-0528 chat 163840 163840 tr
deepseek-ai/DeepSeek-V3.2 chat 163840 65536 tr
deepseek-ai/DeepSeek-V4-Flash chat 1048576 384000 tsr
deepseek-ai/DeepSeek-V4-Pro chat 1048576 393216 tsrc
google/gemma-4-26B-A4B-it chat 262144 32768 vtsr
google/gemma-4-31B-it chat 262144 32768 vtsr
meta-llama/Llama-3.3-70B-Instruct chat 131072 4096 ts
moonshotai/Kimi-K2-Instruct chat 131072 16384 t
moonshotai/Kimi-K2-Instruct-0905 chat 262144 16384 t
moonshotai/Kimi-K2-Thinking chat 262144 262144 trc
moonshotai/Kimi-K2.5 chat 262144 262144 vtrc
moonshotai/Kimi-K2.6 chat 262144 262144 vtrc
moonshotai/Kimi-K2.7-Code chat 262144 262144 vtsr
openai/gpt-oss-120b chat 131072 32768 tsr
stepfun-ai/Step-3.5-Flash chat 256000 256000 tr
stepfun-ai/Step-3.7-Flash chat 256000 256000 vtr
zai-org/GLM-4.5 chat 131072 98304 tr
zai-org/GLM-4.5-Air chat 131072 98304 tr
zai-org/GLM-4.5V chat 65536 16384 vtr
zai-org/GLM-4.6 chat 204800 131072 tr
zai-org/GLM-4.7 chat 204800 131072 trc
zai-org/GLM-4.7-Flash chat 200000 128000 tr
zai-org/GLM-5 chat 202752 131072 trc
zai-org/GLM-5.1 chat 202752 131072 trc
zai-org/GLM-5.2 chat 262144 131072 tsr
`,
};
