import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://models.dev"],
  models: `
Sao10K/L3-8B-Stheno-v3.2 chat 8192 32000 t
baai/bge-m3 embedding 8192 - -
baai/bge-reranker-v2-m3 rerank 8000 - -
baichuan/baichuan-m2-32b chat 131072 131072 - 0.07/0.07 1
baidu/ernie-4.5-21B-a3b chat 120000 8000 t 0.07/0.28 1
baidu/ernie-4.5-21B-a3b-thinking chat 131072 65536 r 0.07/0.28 1
baidu/ernie-4.5-300b-a47b-paddle chat 123000 12000 s 0.28/1.1 1
baidu/ernie-4.5-vl-28b-a3b chat 30000 8000 vtr 0.14/0.56 1
baidu/ernie-4.5-vl-28b-a3b-thinking chat 131072 65536 vtsr 0.39/0.39 1
baidu/ernie-4.5-vl-424b-a47b chat 123000 16000 vr 0.42/1.25 1
deepseek/deepseek-ocr chat 8192 8192 vs 0.03/0.03 1
deepseek/deepseek-ocr-2 chat 8192 8192 v 0.03/0.03 1
deepseek/deepseek-prover-v2-671b chat 160000 160000 - 0.7/2.5 1
deepseek/deepseek-r1-0528 chat 163840 32768 tsr 0.7/2.5/0.35 1
deepseek/deepseek-r1-0528-qwen3-8b chat 128000 32000 r 0.06/0.09 1
deepseek/deepseek-r1-distill-llama-70b chat 8192 8192 sr
deepseek/deepseek-r1-distill-qwen-14b chat 32768 16384 sr
deepseek/deepseek-r1-distill-qwen-32b chat 64000 32000 sr
deepseek/deepseek-r1-turbo chat 64000 16000 tr 0.7/2.5 1
deepseek/deepseek-v3-0324 chat 163840 163840 ts 0.27/1.12/0.135 1
deepseek/deepseek-v3-turbo chat 64000 16000 t 0.4/1.3 1
deepseek/deepseek-v3.1 chat 131072 32768 tsr 0.27/1/0.135 1
deepseek/deepseek-v3.1-terminus chat 131072 32768 tsr 0.27/1/0.135 1
deepseek/deepseek-v3.2 chat 163840 65536 tsr 0.269/0.4/0.1345 1
deepseek/deepseek-v3.2-exp chat 163840 65536 tsr 0.27/0.41 1
deepseek/deepseek-v4-flash chat 1048576 393216 tsrc 0.14/0.28/0.028 1
deepseek/deepseek-v4-pro chat 1048576 393216 tsrc 1.69/3.38/0.13 1
google/gemma-3-12b-it chat 131072 8192 vs 0.05/0.1 1
google/gemma-3-27b-it chat 98304 16384 v 0.119/0.2 1
google/gemma-4-26b-a4b-it chat 262144 131072 vtsr 0.13/0.4 1
google/gemma-4-31b-it chat 262144 131072 vtsr 0.14/0.4 1
gryphe/mythomax-l2-13b chat 4096 3200 -
inclusionai/ling-2.6-1t chat 262144 32768 tsc 0.3/2.5/0.06 1
inclusionai/ling-2.6-flash chat 262144 32768 tsc 0.1/0.3/0.02 1
inclusionai/ring-2.6-1t chat 262144 65536 tsrc 0.3/2.5/0.06 1
kwaipilot/kat-coder-pro chat 256000 128000 ts 0.3/1.2/0.06 1
meta-llama/llama-3-70b-instruct chat 8192 8000 s
meta-llama/llama-3-8b-instruct chat 8192 8192 -
meta-llama/llama-3.1-8b-instruct chat 16384 16384 -
meta-llama/llama-3.2-3b-instruct chat 32768 32000 t
meta-llama/llama-3.3-70b-instruct chat 131072 120000 t
meta-llama/llama-4-maverick-17b-128e-instruct-fp8 chat 1048576 8192 v 0.27/0.85 1
meta-llama/llama-4-scout-17b-16e-instruct chat 131072 131072 v 0.18/0.59 1
microsoft/wizardlm-2-8x22b chat 65535 8000 -
minimax/minimax-m2 chat 204800 131072 tr 0.3/1.2/0.03 1
minimax/minimax-m2.1 chat 204800 131072 ts 0.3/1.2/0.03 1
minimax/minimax-m2.5 chat 204800 131100 tsrc 0.3/1.2/0.03 1
minimax/minimax-m2.5-highspeed chat 204800 131100 tsrc 0.6/2.4/0.03 1
minimax/minimax-m2.7 chat 204800 131072 tsrc 0.3/1.2/0.06 1
minimax/minimax-m2.7-highspeed chat 204800 131072 tsrc 0.6/2.4/0.06/0.375 1
minimaxai/minimax-m1-80k chat 1000000 40000 tr 0.55/2.2 1
mistralai/mistral-nemo chat 60288 16000 s
moonshotai/kimi-k2-0905 chat 262144 262144 ts 0.6/2.5 1
moonshotai/kimi-k2-instruct chat 131072 131072 ts 0.57/2.3 1
moonshotai/kimi-k2-thinking chat 262144 262144 tsr 0.6/2.5/0.15 1
moonshotai/kimi-k2.5 chat 262144 262144 vtsrc 0.6/3/0.1 1
moonshotai/kimi-k2.6 chat 262144 262144 vtsrc 0.95/4/0.16 1
nousresearch/hermes-2-pro-llama-3-8b chat 8192 8192 s
openai/gpt-oss-120b chat 131072 32768 vtsr 0.05/0.25 1
openai/gpt-oss-20b chat 131072 32768 vsr 0.04/0.15 1
paddlepaddle/paddleocr-vl chat 16384 16384 v 0.02/0.02 1
qwen/qwen-2.5-72b-instruct chat 32000 8192 ts
qwen/qwen-mt-plus chat 16384 8192 - 0.25/0.75 1
qwen/qwen2.5-7b-instruct chat 32000 32000 ts 0.07/0.07 1
qwen/qwen2.5-vl-72b-instruct chat 32768 32768 v 0.8/0.8 1
qwen/qwen3-235b-a22b-fp8 chat 40960 20000 r 0.2/0.8 1
qwen/qwen3-235b-a22b-instruct-2507 chat 131072 16384 ts 0.09/0.58 1
qwen/qwen3-235b-a22b-thinking-2507 chat 131072 32768 tr 0.3/3 1
qwen/qwen3-30b-a3b-fp8 chat 40960 20000 r 0.09/0.45 1
qwen/qwen3-32b-fp8 chat 40960 20000 r 0.1/0.45 1
qwen/qwen3-4b-fp8 chat 128000 20000 r 0.03/0.03 1
qwen/qwen3-8b-fp8 chat 128000 20000 r 0.035/0.138 1
qwen/qwen3-coder-30b-a3b-instruct chat 160000 32768 ts 0.07/0.27 1
qwen/qwen3-coder-480b-a35b-instruct chat 262144 65536 ts 0.3/1.3 1
qwen/qwen3-coder-next chat 262144 65536 ts 0.2/1.5 1
qwen/qwen3-embedding-0.6b embedding 32768 - -
qwen/qwen3-embedding-8b embedding 32768 - -
qwen/qwen3-max chat 262144 65536 ts 2.11/8.45 1
qwen/qwen3-next-80b-a3b-instruct chat 131072 32768 ts 0.15/1.5 1
qwen/qwen3-next-80b-a3b-thinking chat 131072 32768 tsr 0.15/1.5 1
qwen/qwen3-omni-30b-a3b-instruct chat 65536 16384 vtsao
qwen/qwen3-omni-30b-a3b-thinking chat 65536 16384 vtsra
qwen/qwen3-reranker-8b rerank 32768 - -
qwen/qwen3-vl-235b-a22b-instruct chat 131072 32768 vts 0.3/1.5 1
qwen/qwen3-vl-235b-a22b-thinking chat 131072 32768 vr 0.98/3.95 1
qwen/qwen3-vl-30b-a3b-instruct chat 131072 32768 vts 0.2/0.7 1
qwen/qwen3-vl-30b-a3b-thinking chat 131072 32768 vts 0.2/1 1
qwen/qwen3-vl-8b-instruct chat 131072 32768 vts 0.08/0.5 1
qwen/qwen3.5-122b-a10b chat 262144 65536 vtsr 0.4/3.2 1
qwen/qwen3.5-27b chat 262144 65536 vtsr 0.3/2.4 1
qwen/qwen3.5-35b-a3b chat 262144 65536 vtsr 0.25/2 1
qwen/qwen3.5-397b-a17b chat 262144 64000 vtsr 0.6/3.6 1
qwen/qwen3.7-max chat 1000000 65536 tsrc 1.25/3.75/0.125/1.5625 1
sao10K/L3-8B-stheno-v3.2 chat 8192 32000 t
sao10K/l3-70b-euryale-v2.1 chat 8192 8192 t
sao10K/l3-8b-lunaris chat 8192 8192 s
sao10K/l31-70b-euryale-v2.2 chat 8192 8192 t
sao10k/l3-70b-euryale-v2.1 chat 8192 8192 t
sao10k/l3-8b-lunaris chat 8192 8192 s
sao10k/l31-70b-euryale-v2.2 chat 8192 8192 t
skywork/r1v4-lite chat 262144 65536 vs
xiaomimimo/mimo-v2-flash chat 262144 32000 tsr 0.1/0.3 1
xiaomimimo/mimo-v2-pro chat 1048576 131072 tsrc
xiaomimimo/mimo-v2.5-pro chat 1048576 131072 tsrc
zai-org/autoglm-phone-9b-multilingual chat 65536 65536 v 0.035/0.138 1
zai-org/glm-4.5 chat 131072 98304 tr 0.6/2.2/0.11 1
zai-org/glm-4.5-air chat 131072 98304 tr 0.13/0.85 1
zai-org/glm-4.5v chat 65536 16384 vtsr 0.6/1.8/0.11 1
zai-org/glm-4.6 chat 204800 131072 tsr 0.55/2.2/0.11 1
zai-org/glm-4.6v chat 131072 32768 vtsr 0.3/0.9/0.055 1
zai-org/glm-4.7 chat 204800 131072 tsr 0.6/2.2/0.11 1
zai-org/glm-4.7-flash chat 200000 128000 tsrc 0.07/0.4/0.01 1
zai-org/glm-5 chat 202800 131072 tsrc 1/3.2/0.2 1
zai-org/glm-5.1 chat 204800 131072 tsrc 1.4/4.4/0.26 1
zai-org/glm-5.2 chat 1048576 131072 tsrc 1.4/4.4/0.26 1
`,
};
