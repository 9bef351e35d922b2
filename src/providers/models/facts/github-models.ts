import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
ai21-labs/ai21-jamba-1.5-large chat 256000 4096 tr
ai21-labs/ai21-jamba-1.5-mini chat 256000 4096 tr
cohere/cohere-command-a chat 128000 4096 tr
cohere/cohere-command-r chat 128000 4096 tr
cohere/cohere-command-r-08-2024 chat 128000 4096 t
cohere/cohere-command-r-plus chat 128000 4096 t
cohere/cohere-command-r-plus-08-2024 chat 128000 4096 t
core42/jais-30b-chat chat 8192 2048 tr
deepseek/deepseek-r1 chat 65536 8192 tr
deepseek/deepseek-r1-0528 chat 65536 8192 tr
deepseek/deepseek-v3-0324 chat 128000 8192 tr
meta/llama-3.2-11b-vision-instruct chat 128000 8192 vtra
meta/llama-3.2-90b-vision-instruct chat 128000 8192 vtra
meta/llama-3.3-70b-instruct chat 128000 32768 tr
meta/llama-4-maverick-17b-128e-instruct-fp8 chat 128000 8192 vtr
meta/llama-4-scout-17b-16e-instruct chat 128000 8192 vtr
meta/meta-llama-3-70b-instruct chat 8192 2048 tr
meta/meta-llama-3-8b-instruct chat 8192 2048 tr
meta/meta-llama-3.1-405b-instruct chat 128000 32768 tr
meta/meta-llama-3.1-70b-instruct chat 128000 32768 tr
meta/meta-llama-3.1-8b-instruct chat 128000 32768 tr
microsoft/mai-ds-r1 chat 65536 8192 tr
microsoft/phi-3-medium-128k-instruct chat 128000 4096 tr
microsoft/phi-3-medium-4k-instruct chat 4096 1024 tr
microsoft/phi-3-mini-128k-instruct chat 128000 4096 tr
microsoft/phi-3-mini-4k-instruct chat 4096 1024 tr
microsoft/phi-3-small-128k-instruct chat 128000 4096 tr
microsoft/phi-3-small-8k-instruct chat 8192 2048 tr
microsoft/phi-3.5-mini-instruct chat 128000 4096 tr
microsoft/phi-3.5-moe-instruct chat 128000 4096 tr
microsoft/phi-3.5-vision-instruct chat 128000 4096 vtr
microsoft/phi-4 chat 16000 4096 tr
microsoft/phi-4-mini-instruct chat 128000 4096 tr
microsoft/phi-4-mini-reasoning chat 128000 4096 tr
microsoft/phi-4-multimodal-instruct chat 128000 4096 vtra
microsoft/phi-4-reasoning chat 128000 4096 tr
mistral-ai/codestral-2501 chat 32000 8192 tr
mistral-ai/ministral-3b chat 128000 8192 tr
mistral-ai/mistral-large-2411 chat 128000 32768 tr
mistral-ai/mistral-medium-2505 chat 128000 32768 vtr
mistral-ai/mistral-nemo chat 128000 8192 tr
mistral-ai/mistral-small-2503 chat 128000 32768 vtr
openai/gpt-4.1 chat 128000 16384 vt
openai/gpt-4.1-mini chat 128000 16384 vt
openai/gpt-4.1-nano chat 128000 16384 vt
openai/gpt-4o chat 128000 16384 vta
openai/gpt-4o-mini chat 128000 16384 vta
openai/o1 chat 200000 100000 vr
openai/o1-mini chat 128000 65536 r
openai/o1-preview chat 128000 32768 r
openai/o3 chat 200000 100000 vr
openai/o3-mini chat 200000 100000 r
openai/o4-mini chat 200000 100000 vr
xai/grok-3 chat 128000 8192 tr
xai/grok-3-mini chat 128000 8192 tr
`,
};
