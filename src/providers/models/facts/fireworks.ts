import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://fireworks.ai/pricing",
    "https://fireworks.ai/models/fireworks/deepseek-v3-0324",
    "https://fireworks.ai/models/fireworks/deepseek-v3p2",
    "https://docs.fireworks.ai/serverless/pricing",
    "https://fireworks.ai/models/fireworks/glm-4p5",
    "https://fireworks.ai/models/fireworks/glm-4p7",
    "https://fireworks.ai/models/fireworks/kimi-k2-instruct",
    "https://app.fireworks.ai/models/fireworks/kimi-k2-instruct-0905",
    "https://fireworks.ai/models/fireworks/minimax-m2p1",
    "https://models.dev",
  ],
  models: `
WhereIsAI/UAE-Large-V1 embedding 512 - - 0.016/0 1
accounts/fireworks/models/ embedding 40960 - -
accounts/fireworks/models/SSD-1B image 4096 - -
accounts/fireworks/models/chronos-hermes-13b-v2 chat 4096 4096 -
accounts/fireworks/models/code-llama-13b chat 16384 16384 -
accounts/fireworks/models/code-llama-13b-instruct chat 16384 16384 -
accounts/fireworks/models/code-llama-13b-python chat 16384 16384 -
accounts/fireworks/models/code-llama-34b chat 16384 16384 -
accounts/fireworks/models/code-llama-34b-instruct chat 16384 16384 -
accounts/fireworks/models/code-llama-34b-python chat 16384 16384 -
accounts/fireworks/models/code-llama-70b chat 4096 4096 -
accounts/fireworks/models/code-llama-70b-instruct chat 4096 4096 -
accounts/fireworks/models/code-llama-70b-python chat 4096 4096 -
accounts/fireworks/models/code-llama-7b chat 16384 16384 -
accounts/fireworks/models/code-llama-7b-instruct chat 16384 16384 -
accounts/fireworks/models/code-llama-7b-python chat 16384 16384 -
accounts/fireworks/models/code-qwen-1p5-7b chat 65536 65536 -
accounts/fireworks/models/codegemma-2b chat 8192 8192 -
accounts/fireworks/models/codegemma-7b chat 8192 8192 -
accounts/fireworks/models/cogito-671b-v2-p1 chat 163840 163840 -
accounts/fireworks/models/cogito-v1-preview-llama-3b chat 131072 131072 -
accounts/fireworks/models/cogito-v1-preview-llama-70b chat 131072 131072 -
accounts/fireworks/models/cogito-v1-preview-llama-8b chat 131072 131072 -
accounts/fireworks/models/cogito-v1-preview-qwen-14b chat 131072 131072 -
accounts/fireworks/models/cogito-v1-preview-qwen-32b chat 131072 131072 -
accounts/fireworks/models/dbrx-instruct chat 32768 32768 -
accounts/fireworks/models/deepseek-coder-1b-base chat 16384 16384 -
accounts/fireworks/models/deepseek-coder-33b-instruct chat 16384 16384 -
accounts/fireworks/models/deepseek-coder-7b-base chat 4096 4096 -
accounts/fireworks/models/deepseek-coder-7b-base-v1p5 chat 4096 4096 -
accounts/fireworks/models/deepseek-coder-7b-instruct-v1p5 chat 4096 4096 -
accounts/fireworks/models/deepseek-coder-v2-instruct chat 65536 65536 s 1.2/1.2 1
accounts/fireworks/models/deepseek-coder-v2-lite-base chat 163840 163840 -
accounts/fireworks/models/deepseek-coder-v2-lite-instruct chat 163840 163840 -
accounts/fireworks/models/deepseek-prover-v2 chat 163840 163840 -
accounts/fireworks/models/deepseek-r1 chat 128000 20480 s 3/8 1
accounts/fireworks/models/deepseek-r1-0528 chat 160000 160000 s 3/8 1
accounts/fireworks/models/deepseek-r1-0528-distill-qwen3-8b chat 131072 131072 -
accounts/fireworks/models/deepseek-r1-basic chat 128000 20480 s 0.55/2.19 1
accounts/fireworks/models/deepseek-r1-distill-llama-70b chat 131072 131072 -
accounts/fireworks/models/deepseek-r1-distill-llama-8b chat 131072 131072 -
accounts/fireworks/models/deepseek-r1-distill-qwen-14b chat 131072 131072 -
accounts/fireworks/models/deepseek-r1-distill-qwen-1p5b chat 131072 131072 -
accounts/fireworks/models/deepseek-r1-distill-qwen-32b chat 131072 131072 -
accounts/fireworks/models/deepseek-r1-distill-qwen-7b chat 131072 131072 -
accounts/fireworks/models/deepseek-v2-lite-chat chat 163840 163840 -
accounts/fireworks/models/deepseek-v2p5 chat 32768 32768 -
accounts/fireworks/models/deepseek-v3 chat 128000 8192 s 0.9/0.9 1
accounts/fireworks/models/deepseek-v3-0324 chat 163840 163840 s 0.9/0.9 2
accounts/fireworks/models/deepseek-v3p1 chat 128000 8192 sr 0.56/1.68 1
accounts/fireworks/models/deepseek-v3p1-terminus chat 128000 8192 sr 0.56/1.68 1
accounts/fireworks/models/deepseek-v3p2 chat 163840 163840 tsr 0.56/1.68 3
accounts/fireworks/models/deepseek-v4-flash chat 1048576 384000 tsr 0.14/0.28/0.028 4
accounts/fireworks/models/deepseek-v4-pro chat 1048576 384000 tsr 1.74/3.48/0.145 4
accounts/fireworks/models/devstral-small-2505 chat 131072 131072 -
accounts/fireworks/models/dobby-mini-unhinged-plus-llama-3-1-8b chat 131072 131072 -
accounts/fireworks/models/dobby-unhinged-llama-3-3-70b-new chat 131072 131072 -
accounts/fireworks/models/dolphin-2-9-2-qwen2-72b chat 131072 131072 -
accounts/fireworks/models/dolphin-2p6-mixtral-8x7b chat 32768 32768 -
accounts/fireworks/models/ernie-4p5-21b-a3b-pt chat 4096 4096 -
accounts/fireworks/models/ernie-4p5-300b-a47b-pt chat 4096 4096 -
accounts/fireworks/models/fare-20b chat 131072 131072 -
accounts/fireworks/models/firefunction-v1 chat 32768 32768 -
accounts/fireworks/models/firefunction-v2 chat 8192 8192 ts 0.9/0.9 1
accounts/fireworks/models/firellava-13b chat 4096 4096 -
accounts/fireworks/models/firesearch-ocr-v6 chat 8192 8192 -
accounts/fireworks/models/fireworks-asr-large transcription 4096 - -
accounts/fireworks/models/fireworks-asr-v2 transcription 4096 - -
accounts/fireworks/models/flux-1-dev image - - -
accounts/fireworks/models/flux-1-dev-controlnet-union image - - -
accounts/fireworks/models/flux-1-dev-fp8 image 4096 - -
accounts/fireworks/models/flux-1-schnell image - - -
accounts/fireworks/models/flux-1-schnell-fp8 image 4096 - -
accounts/fireworks/models/flux-kontext-max image 4096 - -
accounts/fireworks/models/flux-kontext-pro image 4096 - -
accounts/fireworks/models/gemma-2b-it chat 8192 8192 -
accounts/fireworks/models/gemma-3-27b-it chat 131072 131072 -
accounts/fireworks/models/gemma-7b chat 8192 8192 -
accounts/fireworks/models/gemma-7b-it chat 8192 8192 -
accounts/fireworks/models/gemma2-9b-it chat 8192 8192 -
accounts/fireworks/models/glm-4p5 chat 128000 96000 tsr 0.55/2.19 5
accounts/fireworks/models/glm-4p5-air chat 128000 96000 tsr
accounts/fireworks/models/glm-4p5v chat 131072 131072 r
accounts/fireworks/models/glm-4p6 chat 202800 202800 tsr 0.55/2.19 1
accounts/fireworks/models/glm-4p7 chat 202800 202800 tsr 0.6/2.2/0.3 6
accounts/fireworks/models/glm-5p1 chat 202800 131072 tsr 1.4/4.4/0.26 4
accounts/fireworks/models/glm-5p2 chat 1048576 131072 tsr 1.4/4.4/0.14 4
accounts/fireworks/models/gpt-oss-120b chat 131072 32768 tsr 0.15/0.6/0.015 4
accounts/fireworks/models/gpt-oss-20b chat 131072 32768 tsr 0.07/0.3/0.035 4
accounts/fireworks/models/gpt-oss-safeguard-120b chat 131072 131072 -
accounts/fireworks/models/gpt-oss-safeguard-20b chat 131072 131072 -
accounts/fireworks/models/hermes-2-pro-mistral-7b chat 32768 32768 -
accounts/fireworks/models/internvl3-38b chat 16384 16384 -
accounts/fireworks/models/internvl3-78b chat 16384 16384 -
accounts/fireworks/models/internvl3-8b chat 16384 16384 -
accounts/fireworks/models/japanese-stable-diffusion-xl image 4096 - -
accounts/fireworks/models/kat-coder chat 262144 262144 -
accounts/fireworks/models/kat-dev-32b chat 131072 131072 -
accounts/fireworks/models/kat-dev-72b-exp chat 131072 131072 -
accounts/fireworks/models/kimi-k2-instruct chat 131072 16384 ts 0.6/2.5 7
accounts/fireworks/models/kimi-k2-instruct-0905 chat 262144 32768 ts 0.6/2.5 8
accounts/fireworks/models/kimi-k2-thinking chat 262144 262144 tsw 0.6/2.5 1
accounts/fireworks/models/kimi-k2p5 chat 262144 262144 ts 0.6/3/0.1 1
accounts/fireworks/models/kimi-k2p6 chat 262144 262144 vtsr 0.95/4/0.16 4
accounts/fireworks/models/kimi-k2p7-code chat 262144 262144 vtsr 0.95/4/0.19 4
accounts/fireworks/models/llama-guard-2-8b chat 8192 8192 -
accounts/fireworks/models/llama-guard-3-1b chat 131072 131072 -
accounts/fireworks/models/llama-guard-3-8b chat 131072 131072 -
accounts/fireworks/models/llama-v2-13b chat 4096 4096 -
accounts/fireworks/models/llama-v2-13b-chat chat 4096 4096 -
accounts/fireworks/models/llama-v2-70b chat 4096 4096 -
accounts/fireworks/models/llama-v2-70b-chat chat 2048 2048 -
accounts/fireworks/models/llama-v2-7b chat 4096 4096 -
accounts/fireworks/models/llama-v2-7b-chat chat 4096 4096 -
accounts/fireworks/models/llama-v3-70b-instruct chat 8192 8192 -
accounts/fireworks/models/llama-v3-70b-instruct-hf chat 8192 8192 -
accounts/fireworks/models/llama-v3-8b chat 8192 8192 -
accounts/fireworks/models/llama-v3-8b-instruct-hf chat 8192 8192 -
accounts/fireworks/models/llama-v3p1-405b-instruct chat 128000 16384 ts 3/3 1
accounts/fireworks/models/llama-v3p1-405b-instruct-long chat 4096 4096 -
accounts/fireworks/models/llama-v3p1-70b-instruct chat 131072 131072 -
accounts/fireworks/models/llama-v3p1-70b-instruct-1b chat 4096 4096 -
accounts/fireworks/models/llama-v3p1-8b-instruct chat 16384 16384 s 0.1/0.1 1
accounts/fireworks/models/llama-v3p1-nemotron-70b-instruct chat 131072 131072 -
accounts/fireworks/models/llama-v3p2-11b-vision-instruct chat 16384 16384 vs 0.2/0.2 1
accounts/fireworks/models/llama-v3p2-1b chat 131072 131072 -
accounts/fireworks/models/llama-v3p2-1b-instruct chat 16384 16384 s 0.1/0.1 1
accounts/fireworks/models/llama-v3p2-3b chat 131072 131072 -
accounts/fireworks/models/llama-v3p2-3b-instruct chat 16384 16384 s 0.1/0.1 1
accounts/fireworks/models/llama-v3p2-90b-vision-instruct chat 16384 16384 vs 0.9/0.9 1
accounts/fireworks/models/llama-v3p3-70b-instruct chat 131072 131072 -
accounts/fireworks/models/llama4-maverick-instruct-basic chat 131072 131072 s 0.22/0.88 1
accounts/fireworks/models/llama4-scout-instruct-basic chat 131072 131072 s 0.15/0.6 1
accounts/fireworks/models/llamaguard-7b chat 4096 4096 -
accounts/fireworks/models/llava-yi-34b chat 4096 4096 -
accounts/fireworks/models/minimax-m1-80k chat 4096 4096 -
accounts/fireworks/models/minimax-m2 chat 4096 4096 -
accounts/fireworks/models/minimax-m2p1 chat 204800 204800 ts 0.3/1.2/0.03 9
accounts/fireworks/models/minimax-m2p7 chat 196608 196608 tsr 0.3/1.2/0.06 4
accounts/fireworks/models/minimax-m3 chat 512000 512000 vtsr 0.3/1.2/0.06 4
accounts/fireworks/models/ministral-3-14b-instruct-2512 chat 256000 256000 -
accounts/fireworks/models/ministral-3-3b-instruct-2512 chat 256000 256000 -
accounts/fireworks/models/ministral-3-8b-instruct-2512 chat 256000 256000 -
accounts/fireworks/models/mistral-7b chat 32768 32768 -
accounts/fireworks/models/mistral-7b-instruct-4k chat 32768 32768 -
accounts/fireworks/models/mistral-7b-instruct-v0p2 chat 32768 32768 -
accounts/fireworks/models/mistral-7b-instruct-v3 chat 32768 32768 -
accounts/fireworks/models/mistral-7b-v0p2 chat 32768 32768 -
accounts/fireworks/models/mistral-large-3-fp8 chat 256000 256000 -
accounts/fireworks/models/mistral-nemo-base-2407 chat 128000 128000 -
accounts/fireworks/models/mistral-nemo-instruct-2407 chat 128000 128000 -
accounts/fireworks/models/mistral-small-24b-instruct-2501 chat 32768 32768 -
accounts/fireworks/models/mixtral-8x22b chat 65536 65536 -
accounts/fireworks/models/mixtral-8x22b-instruct chat 65536 65536 -
accounts/fireworks/models/mixtral-8x22b-instruct-hf chat 65536 65536 ts 1.2/1.2 1
accounts/fireworks/models/mixtral-8x7b chat 32768 32768 -
accounts/fireworks/models/mixtral-8x7b-instruct chat 32768 32768 -
accounts/fireworks/models/mixtral-8x7b-instruct-hf chat 32768 32768 -
accounts/fireworks/models/mythomax-l2-13b chat 4096 4096 -
accounts/fireworks/models/nemotron-nano-v2-12b-vl chat 4096 4096 -
accounts/fireworks/models/nous-capybara-7b-v1p9 chat 32768 32768 -
accounts/fireworks/models/nous-hermes-2-mixtral-8x7b-dpo chat 32768 32768 -
accounts/fireworks/models/nous-hermes-2-yi-34b chat 4096 4096 -
accounts/fireworks/models/nous-hermes-llama2-13b chat 4096 4096 -
accounts/fireworks/models/nous-hermes-llama2-70b chat 4096 4096 -
accounts/fireworks/models/nous-hermes-llama2-7b chat 4096 4096 -
accounts/fireworks/models/nvidia-nemotron-nano-12b-v2 chat 131072 131072 -
accounts/fireworks/models/nvidia-nemotron-nano-9b-v2 chat 131072 131072 -
accounts/fireworks/models/openchat-3p5-0106-7b chat 8192 8192 -
accounts/fireworks/models/openhermes-2-mistral-7b chat 32768 32768 -
accounts/fireworks/models/openhermes-2p5-mistral-7b chat 32768 32768 -
accounts/fireworks/models/openorca-7b chat 32768 32768 -
accounts/fireworks/models/phi-2-3b chat 2048 2048 -
accounts/fireworks/models/phi-3-mini-128k-instruct chat 131072 131072 -
accounts/fireworks/models/phi-3-vision-128k-instruct chat 32064 32064 -
accounts/fireworks/models/phind-code-llama-34b-python-v1 chat 16384 16384 -
accounts/fireworks/models/phind-code-llama-34b-v1 chat 16384 16384 -
accounts/fireworks/models/phind-code-llama-34b-v2 chat 16384 16384 -
accounts/fireworks/models/playground-v2-1024px-aesthetic image 4096 - -
accounts/fireworks/models/playground-v2-5-1024px-aesthetic image 4096 - -
accounts/fireworks/models/pythia-12b chat 2048 2048 -
accounts/fireworks/models/qwen-qwq-32b-preview chat 32768 32768 -
accounts/fireworks/models/qwen-v2p5-14b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen-v2p5-7b chat 131072 131072 -
accounts/fireworks/models/qwen1p5-72b-chat chat 32768 32768 -
accounts/fireworks/models/qwen2-72b-instruct chat 32768 32768 s 0.9/0.9 1
accounts/fireworks/models/qwen2-7b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2-vl-2b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2-vl-72b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2-vl-7b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-0p5b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-14b chat 131072 131072 -
accounts/fireworks/models/qwen2p5-1p5b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-32b chat 131072 131072 -
accounts/fireworks/models/qwen2p5-32b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-72b chat 131072 131072 -
accounts/fireworks/models/qwen2p5-72b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-7b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-0p5b chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-0p5b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-14b chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-14b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-1p5b chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-1p5b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-32b chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-32b-instruct chat 4096 4096 s 0.9/0.9 1
accounts/fireworks/models/qwen2p5-coder-32b-instruct-128k chat 131072 131072 -
accounts/fireworks/models/qwen2p5-coder-32b-instruct-32k-rope chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-32b-instruct-64k chat 65536 65536 -
accounts/fireworks/models/qwen2p5-coder-3b chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-3b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-7b chat 32768 32768 -
accounts/fireworks/models/qwen2p5-coder-7b-instruct chat 32768 32768 -
accounts/fireworks/models/qwen2p5-math-72b-instruct chat 4096 4096 -
accounts/fireworks/models/qwen2p5-vl-32b-instruct chat 128000 128000 -
accounts/fireworks/models/qwen2p5-vl-3b-instruct chat 128000 128000 -
accounts/fireworks/models/qwen2p5-vl-72b-instruct chat 128000 128000 -
accounts/fireworks/models/qwen2p5-vl-7b-instruct chat 128000 128000 -
accounts/fireworks/models/qwen3-0p6b chat 40960 40960 -
accounts/fireworks/models/qwen3-14b chat 40960 40960 -
accounts/fireworks/models/qwen3-1p7b chat 131072 131072 -
accounts/fireworks/models/qwen3-1p7b-fp8-draft chat 262144 262144 -
accounts/fireworks/models/qwen3-1p7b-fp8-draft-131072 chat 131072 131072 -
accounts/fireworks/models/qwen3-1p7b-fp8-draft-40960 chat 40960 40960 -
accounts/fireworks/models/qwen3-235b-a22b chat 131072 131072 -
accounts/fireworks/models/qwen3-235b-a22b-instruct-2507 chat 262144 262144 -
accounts/fireworks/models/qwen3-235b-a22b-thinking-2507 chat 262144 262144 -
accounts/fireworks/models/qwen3-30b-a3b chat 131072 131072 -
accounts/fireworks/models/qwen3-30b-a3b-instruct-2507 chat 262144 262144 -
accounts/fireworks/models/qwen3-30b-a3b-thinking-2507 chat 262144 262144 -
accounts/fireworks/models/qwen3-32b chat 131072 131072 r
accounts/fireworks/models/qwen3-4b chat 40960 40960 -
accounts/fireworks/models/qwen3-4b-instruct-2507 chat 262144 262144 -
accounts/fireworks/models/qwen3-8b chat 40960 40960 r
accounts/fireworks/models/qwen3-coder-30b-a3b-instruct chat 262144 262144 -
accounts/fireworks/models/qwen3-coder-480b-a35b-instruct chat 262144 262144 r
accounts/fireworks/models/qwen3-coder-480b-instruct-bf16 chat 4096 4096 -
accounts/fireworks/models/qwen3-embedding-0p6b embedding 32768 - -
accounts/fireworks/models/qwen3-embedding-4b embedding 40960 - -
accounts/fireworks/models/qwen3-next-80b-a3b-instruct chat 4096 4096 -
accounts/fireworks/models/qwen3-next-80b-a3b-thinking chat 4096 4096 -
accounts/fireworks/models/qwen3-reranker-0p6b rerank 40960 - -
accounts/fireworks/models/qwen3-reranker-4b rerank 40960 - -
accounts/fireworks/models/qwen3-reranker-8b rerank 40960 - -
accounts/fireworks/models/qwen3-vl-235b-a22b-instruct chat 262144 262144 -
accounts/fireworks/models/qwen3-vl-235b-a22b-thinking chat 262144 262144 -
accounts/fireworks/models/qwen3-vl-30b-a3b-instruct chat 262144 262144 -
accounts/fireworks/models/qwen3-vl-30b-a3b-thinking chat 262144 262144 -
accounts/fireworks/models/qwen3-vl-32b-instruct chat 4096 4096 -
accounts/fireworks/models/qwen3-vl-8b-instruct chat 4096 4096 -
accounts/fireworks/models/qwen3p7-plus chat 262144 65536 vtsr 0.4/1.6/0.08 4
accounts/fireworks/models/qwq-32b chat 131072 131072 -
accounts/fireworks/models/rolm-ocr chat 128000 128000 -
accounts/fireworks/models/snorkel-mistral-7b-pairrm-dpo chat 32768 32768 -
accounts/fireworks/models/stable-diffusion-xl-1024-v1-0 image 4096 - -
accounts/fireworks/models/stablecode-3b chat 4096 4096 -
accounts/fireworks/models/starcoder-16b chat 8192 8192 -
accounts/fireworks/models/starcoder-7b chat 8192 8192 -
accounts/fireworks/models/starcoder2-15b chat 16384 16384 -
accounts/fireworks/models/starcoder2-3b chat 16384 16384 -
accounts/fireworks/models/starcoder2-7b chat 16384 16384 -
accounts/fireworks/models/toppy-m-7b chat 32768 32768 -
accounts/fireworks/models/yi-34b chat 4096 4096 -
accounts/fireworks/models/yi-34b-200k-capybara chat 200000 200000 -
accounts/fireworks/models/yi-34b-chat chat 4096 4096 -
accounts/fireworks/models/yi-6b chat 4096 4096 -
accounts/fireworks/models/yi-large chat 32768 32768 s 3/3 1
accounts/fireworks/models/zephyr-7b-beta chat 32768 32768 -
accounts/fireworks/routers/glm-5p1-fast chat 202800 131072 tsr 2.8/8.8/0.52 4
accounts/fireworks/routers/glm-5p2-fast chat 1048575 131072 trc
accounts/fireworks/routers/kimi-k2p6-fast chat 262144 262144 vtsr 2/8/0.3 4
accounts/fireworks/routers/kimi-k2p6-turbo chat 262000 262000 vtrc 2/8/0.3 10
accounts/fireworks/routers/kimi-k2p7-code-fast chat 262144 262144 vtsr 1.9/8/0.38 4
deepseek-v4-flash chat 1048576 384000 tsr 0.14/0.28/0.028 4
deepseek-v4-pro chat 1048576 384000 tsr 1.74/3.48/0.145 4
glm-4p7 chat 202800 202800 tsr 0.6/2.2/0.3 6
glm-5p1 chat 202800 131072 tsr 1.4/4.4/0.26 4
glm-5p1-fast chat 202800 131072 tsr 2.8/8.8/0.52 4
glm-5p2 chat 1048576 131072 tsr 1.4/4.4/0.14 4
gpt-oss-120b chat 131072 32768 tsr 0.15/0.6/0.015 4
gpt-oss-20b chat 131072 32768 tsr 0.07/0.3/0.035 4
kimi-k2p5 chat 262144 262144 ts 0.6/3/0.1 1
kimi-k2p6 chat 262144 262144 vtsr 0.95/4/0.16 4
kimi-k2p6-fast chat 262144 262144 vtsr 2/8/0.3 4
kimi-k2p7-code chat 262144 262144 vtsr 0.95/4/0.19 4
kimi-k2p7-code-fast chat 262144 262144 vtsr 1.9/8/0.38 4
minimax-m2p1 chat 204800 204800 ts 0.3/1.2/0.03 9
minimax-m2p7 chat 196608 196608 tsr 0.3/1.2/0.06 4
minimax-m3 chat 512000 512000 vtsr 0.3/1.2/0.06 4
nomic-ai/nomic-embed-text-v1 embedding 8192 - - 0.008/0 1
nomic-ai/nomic-embed-text-v1.5 embedding 8192 - - 0.008/0 1
qwen3p7-plus chat 262144 65536 vtsr 0.4/1.6/0.08 4
thenlper/gte-base embedding 512 - - 0.008/0 1
thenlper/gte-large embedding 512 - - 0.016/0 1
`,
};
