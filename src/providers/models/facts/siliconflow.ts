import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://models.dev"],
  models: `
ByteDance-Seed/Seed-OSS-36B-Instruct chat 262000 262000 ts 0.21/0.57 1
MiniMaxAI/MiniMax-M2.5 chat 197000 131000 t
PaddlePaddle/PaddleOCR-VL-1.5 chat 16384 16384 v
Pro/MiniMaxAI/MiniMax-M2.5 chat 192000 131000 ts
Pro/deepseek-ai/DeepSeek-R1 chat 164000 164000 tsr
Pro/deepseek-ai/DeepSeek-V3 chat 164000 164000 ts
Pro/deepseek-ai/DeepSeek-V3.1-Terminus chat 164000 164000 tsr
Pro/deepseek-ai/DeepSeek-V3.2 chat 164000 164000 tsr
Pro/moonshotai/Kimi-K2.5 chat 262000 262000 vtsr
Pro/moonshotai/Kimi-K2.6 chat 262000 262000 vtsrc
Pro/zai-org/GLM-5 chat 205000 205000 tsr
Pro/zai-org/GLM-5.1 chat 205000 205000 tsr
Qwen/Qwen2.5-72B-Instruct chat 33000 4000 ts 0.59/0.59 1
Qwen/Qwen2.5-7B-Instruct chat 33000 4000 ts 0.05/0.05 1
Qwen/Qwen3-14B chat 131000 131000 tsr 0.07/0.28 1
Qwen/Qwen3-235B-A22B-Thinking-2507 chat 262000 262000 tsr 0.13/0.6 1
Qwen/Qwen3-30B-A3B-Instruct-2507 chat 262000 262000 ts 0.09/0.3 1
Qwen/Qwen3-32B chat 131000 131000 tsr 0.14/0.57 1
Qwen/Qwen3-8B chat 131000 131000 tsr 0.06/0.06 1
Qwen/Qwen3-Coder-30B-A3B-Instruct chat 262000 262000 ts 0.07/0.28 1
Qwen/Qwen3-Coder-480B-A35B-Instruct chat 262000 262000 ts 0.25/1 1
Qwen/Qwen3-VL-235B-A22B-Instruct chat 262000 262000 vts 0.3/1.5 1
Qwen/Qwen3-VL-235B-A22B-Thinking chat 262000 262000 vtsr 0.45/3.5 1
Qwen/Qwen3-VL-30B-A3B-Instruct chat 262000 262000 vts 0.29/1 1
Qwen/Qwen3-VL-30B-A3B-Thinking chat 262000 262000 vtsr 0.29/1 1
Qwen/Qwen3-VL-32B-Instruct chat 262000 262000 vts 0.2/0.6 1
Qwen/Qwen3-VL-32B-Thinking chat 262000 262000 vtsr 0.2/1.5 1
Qwen/Qwen3-VL-8B-Instruct chat 262000 262000 vts 0.18/0.68 1
Qwen/Qwen3.5-122B-A10B chat 262144 262144 ts 0.26/2.08 1
Qwen/Qwen3.5-27B chat 262144 262144 ts 0.25/2 1
Qwen/Qwen3.5-35B-A3B chat 262144 262144 ts 0.24/1.8 1
Qwen/Qwen3.5-397B-A17B chat 262144 262144 ts 0.39/2.34 1
Qwen/Qwen3.5-4B chat 262144 65536 vtr
Qwen/Qwen3.5-9B chat 262144 262144 ts 0.1/0.15 1
Qwen/Qwen3.6-27B chat 262144 262144 ts 0.3/3.2 1
Qwen/Qwen3.6-35B-A3B chat 262144 262144 ts 0.2/1.6 1
baidu/ERNIE-4.5-300B-A47B chat 131000 131000 ts 0.28/1.1 1
deepseek-ai/DeepSeek-OCR chat 8192 8192 v
deepseek-ai/DeepSeek-R1 chat 164000 164000 tsr 0.5/2.18 1
deepseek-ai/DeepSeek-V3 chat 164000 164000 ts 0.25/1 1
deepseek-ai/DeepSeek-V3.1 chat 164000 164000 tsr 0.27/1 1
deepseek-ai/DeepSeek-V3.1-Terminus chat 164000 164000 tsr 0.27/1 1
deepseek-ai/DeepSeek-V3.2 chat 164000 164000 tsr 0.27/0.42 1
deepseek-ai/DeepSeek-V3.2-Exp chat 164000 164000 tsr 0.27/0.41 1
deepseek-ai/DeepSeek-V4-Flash chat 1000000 384000 tsrc 0.14/0.28/0.028 1
deepseek-ai/DeepSeek-V4-Pro chat 1000000 384000 tsrc 1.74/3.48/0.145 1
google/gemma-4-26B-A4B-it chat 262144 262144 ts 0.12/0.4 1
google/gemma-4-31B-it chat 262144 262144 ts 0.13/0.4 1
inclusionAI/Ling-flash-2.0 chat 131000 131000 ts 0.14/0.57 1
moonshotai/Kimi-K2.5 chat 262000 262000 vtsr
moonshotai/Kimi-K2.6 chat 262000 262000 vtsrc 0.77/4/0.2 1
openai/gpt-oss-120b chat 131000 8000 tsr 0.05/0.45 1
openai/gpt-oss-20b chat 131000 8000 ts 0.04/0.18 1
stepfun-ai/Step-3.5-Flash chat 262000 262000 tsr 0.1/0.3 1
tencent/Hunyuan-A13B-Instruct chat 131000 131000 tsr 0.14/0.57 1
tencent/Hy3-preview chat 262144 262144 trc 0.066/0.26/0.029 1
zai-org/GLM-4.5-Air chat 131000 131000 ts 0.14/0.86 1
zai-org/GLM-5 chat 205000 205000 tsr
zai-org/GLM-5.1 chat 205000 205000 tsr
zai-org/GLM-5.2 chat 1049000 262000 tsr
zai-org/GLM-5V-Turbo chat 200000 131072 vtr
`,
};
