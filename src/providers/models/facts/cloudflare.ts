import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
@cf/aisingapore/gemma-sea-lion-v4-27b-it chat 128000 128000 -
@cf/deepseek-ai/deepseek-r1-distill-qwen-32b chat 80000 80000 r
@cf/google/gemma-2b-it-lora chat 8192 8192 -
@cf/google/gemma-4-26b-a4b-it chat 256000 256000 tr
@cf/google/gemma-7b-it-lora chat 3500 3500 -
@cf/ibm-granite/granite-4.0-h-micro chat 131000 131000 t
@cf/meta-llama/llama-2-7b-chat-hf-lora chat 8192 8192 -
@cf/meta/llama-2-7b-chat-fp16 chat 3072 3072 -
@cf/meta/llama-2-7b-chat-int8 chat 2048 2048 -
@cf/meta/llama-3.1-8b-instruct-fp8 chat 32000 32000 -
@cf/meta/llama-3.2-11b-vision-instruct chat 128000 128000 v
@cf/meta/llama-3.2-1b-instruct chat 60000 60000 -
@cf/meta/llama-3.2-3b-instruct chat 80000 80000 -
@cf/meta/llama-3.3-70b-instruct-fp8-fast chat 24000 24000 t
@cf/meta/llama-4-scout-17b-16e-instruct chat 131000 131000 t
@cf/meta/llama-guard-3-8b chat 131072 131072 -
@cf/mistral/mistral-7b-instruct-v0.1 chat 8192 8192 -
@cf/mistral/mistral-7b-instruct-v0.2-lora chat 15000 15000 -
@cf/mistralai/mistral-small-3.1-24b-instruct chat 128000 128000 t
@cf/moonshotai/kimi-k2.6 chat 262144 262144 tr
@cf/moonshotai/kimi-k2.7-code chat 262144 262144 tr
@cf/nvidia/nemotron-3-120b-a12b chat 256000 256000 tr
@cf/openai/gpt-oss-120b chat 128000 128000 tr
@cf/openai/gpt-oss-20b chat 128000 128000 tr
@cf/qwen/qwen2.5-coder-32b-instruct chat 32768 32768 -
@cf/qwen/qwen3-30b-a3b-fp8 chat 32768 32768 tr
@cf/qwen/qwq-32b chat 24000 24000 r
@cf/zai-org/glm-4.7-flash chat 131072 131072 tr
@cf/zai-org/glm-5.2 chat 262144 262144 tr
@hf/thebloke/codellama-7b-instruct-awq chat 4096 4096 -
`,
};
