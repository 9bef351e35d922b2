import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
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
xai/grok-4 chat - - t
`,
};
