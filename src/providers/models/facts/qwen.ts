import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://models.dev",
    "https://www.alibabacloud.com/help/en/model-studio/models",
    "https://www.alibabacloud.com/help/en/model-studio/model-pricing",
  ],
  models: `
MiniMax-M2.5 chat 204800 131072 tr
MiniMax/MiniMax-M2.7 chat 204800 131072 trc
deepseek-r1 chat 131072 16384 tr
deepseek-r1-0528 chat 131072 16384 tr
deepseek-r1-distill-llama-70b chat 32768 16384 tr
deepseek-r1-distill-llama-8b chat 32768 16384 tr
deepseek-r1-distill-qwen-1-5b chat 32768 16384 tr
deepseek-r1-distill-qwen-14b chat 32768 16384 tr
deepseek-r1-distill-qwen-32b chat 32768 16384 tr
deepseek-r1-distill-qwen-7b chat 32768 16384 tr
deepseek-v3 chat 65536 8192 t
deepseek-v3-1 chat 131072 65536 t
deepseek-v3-2-exp chat 131072 65536 t
deepseek-v4-flash chat 1000000 384000 tsrc
deepseek-v4-pro chat 1000000 384000 tsrc
glm-5 chat 202752 16384 tr
glm-5.1 chat 202752 128000 tsrc
kimi-k2-thinking chat 262144 16384 tsr
kimi-k2.5 chat 262144 32768 vtr
kimi-k2.6 chat 262144 16384 vtr
kimi/kimi-k2.5 chat 262144 262144 vtsrc
moonshot-kimi-k2-instruct chat 131072 8192 t
qvq-max chat 131072 8192 vtr 1.2/4.8 1
qwen-coder chat 1000000 16384 tr 0.3/1.5 2
qwen-deep-research chat 1000000 32768 t
qwen-doc-turbo chat 131072 8192 t
qwen-flash chat 997952 32768 tr 0.05/0.4 1
qwen-flash-2025-07-28 chat 997952 32768 tr
qwen-long chat 10000000 8192 t
qwen-math-plus chat 4096 3072 t
qwen-math-turbo chat 4096 3072 t
qwen-max chat 30720 8192 tr 1.6/6.4 2
qwen-mt-plus chat 16384 8192 - 2.46/7.37 1
qwen-mt-turbo chat 16384 8192 - 0.16/0.49 1
qwen-omni-turbo chat 32768 2048 vtao
qwen-omni-turbo-realtime realtime 32768 2048 vtao
qwen-plus chat 129024 16384 tr 0.4/1.2 2
qwen-plus-2025-01-25 chat 129024 8192 tr 0.4/1.2 2
qwen-plus-2025-04-28 chat 129024 16384 tr 0.4/1.2 2
qwen-plus-2025-07-14 chat 129024 16384 tr 0.4/1.2 2
qwen-plus-2025-07-28 chat 997952 32768 tr
qwen-plus-2025-09-11 chat 997952 32768 tr
qwen-plus-character chat 32768 4096 t
qwen-plus-character-ja chat 8192 512 t 0.5/1.4 1
qwen-plus-latest chat 997952 32768 tr
qwen-turbo chat 129024 16384 tr 0.05/0.2 2
qwen-turbo-2024-11-01 chat 1000000 8192 tr 0.05/0.2 2
qwen-turbo-2025-04-28 chat 1000000 16384 tr 0.05/0.2 2
qwen-turbo-latest chat 1000000 16384 tr 0.05/0.2 2
qwen-vl-max chat 131072 8192 vt 0.8/3.2 1
qwen-vl-ocr chat 34096 4096 v 0.72/0.72 1
qwen-vl-plus chat 131072 8192 vt 0.21/0.63 1
qwen2-5-14b-instruct chat 131072 8192 t 0.35/1.4 1
qwen2-5-32b-instruct chat 131072 8192 t 0.7/2.8 1
qwen2-5-72b-instruct chat 131072 8192 t 1.4/5.6 1
qwen2-5-7b-instruct chat 131072 8192 t 0.175/0.7 1
qwen2-5-coder-32b-instruct chat 131072 8192 t
qwen2-5-coder-7b-instruct chat 131072 8192 t
qwen2-5-math-72b-instruct chat 4096 3072 t
qwen2-5-math-7b-instruct chat 4096 3072 t
qwen2-5-omni-7b chat 32768 2048 vtao
qwen2-5-vl-72b-instruct chat 131072 8192 vt 2.8/8.4 1
qwen2-5-vl-7b-instruct chat 131072 8192 vt 0.35/1.05 1
qwen3-14b chat 131072 8192 tr
qwen3-235b-a22b chat 131072 16384 tr
qwen3-30b-a3b chat 129024 16384 tr
qwen3-32b chat 131072 16384 tr
qwen3-8b chat 131072 8192 tr
qwen3-asr-flash transcription 53248 4096 -
qwen3-coder-30b-a3b-instruct chat 262144 65536 t 0.45/2.25 1
qwen3-coder-480b-a35b-instruct chat 262144 65536 t 1.5/7.5 1
qwen3-coder-flash chat 997952 65536 tr 0.3/1.5 1
qwen3-coder-flash-2025-07-28 chat 997952 65536 tr
qwen3-coder-plus chat 997952 65536 tr 1/5 1
qwen3-coder-plus-2025-07-22 chat 997952 65536 tr
qwen3-livetranslate-flash-realtime realtime 53248 4096 vao
qwen3-max chat 258048 65536 tr 1.2/6 1
qwen3-max-2026-01-23 chat 258048 65536 tr
qwen3-max-preview chat 258048 65536 tr
qwen3-next-80b-a3b-instruct chat 262144 65536 t 0.15/1.2 3
qwen3-next-80b-a3b-thinking chat 262144 65536 tr 0.15/1.2 3
qwen3-omni-flash chat 65536 16384 vtrao
qwen3-omni-flash-realtime realtime 65536 16384 vtao
qwen3-vl-235b-a22b chat 131072 32768 vtr
qwen3-vl-235b-a22b-instruct chat 131072 32768 vt 0.4/1.6 3
qwen3-vl-235b-a22b-thinking chat 131072 32768 vtr 0.4/4 3
qwen3-vl-30b-a3b chat 131072 32768 vtr
qwen3-vl-32b-instruct chat 131072 32768 vt 0.16/0.64 3
qwen3-vl-32b-thinking chat 131072 32768 vtr
qwen3-vl-plus chat 260096 32768 vtr
qwen3.5-122b-a10b chat 262144 65536 vtsra 0.4/3.2 1
qwen3.5-27b chat 262144 65536 vtsra 0.3/2.4 1
qwen3.5-35b-a3b chat 262144 65536 vtsra 0.25/2 1
qwen3.5-397b-a17b chat 262144 65536 vtsra 0.6/3.6 1
qwen3.5-flash chat 1000000 65536 vtsr
qwen3.5-plus chat 991808 65536 vtr 0.4/2.4 1
qwen3.6-27b chat 262144 65536 vtsra 0.6/3.6 1
qwen3.6-35b-a3b chat 262144 65536 vtsra 0.248/1.485 1
qwen3.6-flash chat 1000000 65536 vtsr 0.1875/1.125//0.234375 1
qwen3.6-max-preview chat 262144 65536 trc 1.3/7.8/0.13/1.625 1
qwen3.6-plus chat 1000000 65536 vtrc
qwen3.7-max chat 1000000 65536 trc 2.5/7.5/0.5/3.125 1
qwen3.7-plus chat 1000000 65536 vtrc
qwq-32b chat 131072 8192 tr
qwq-plus chat 98304 8192 tr 0.8/2.4 2
siliconflow/deepseek-r1-0528 chat 163840 32768 tsr
siliconflow/deepseek-v3-0324 chat 163840 163840 ts
siliconflow/deepseek-v3.1-terminus chat 163840 65536 tsr
siliconflow/deepseek-v3.2 chat 163840 65536 tsr
tongyi-intent-detect-v3 chat 8192 1024 -
`,
};
