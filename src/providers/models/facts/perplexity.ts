import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://docs.perplexity.ai/docs/embeddings/quickstart"],
  models: `
anthropic/claude-haiku-4-5 chat - - tw
anthropic/claude-opus-4-5 chat - - tw
anthropic/claude-opus-4-6 chat - - tw
anthropic/claude-opus-4-7 chat - - tw
anthropic/claude-sonnet-4-5 chat - - tw
codellama-34b-instruct chat 16384 16384 -
codellama-70b-instruct chat 16384 16384 -
google/gemini-2.5-flash chat - - tw
google/gemini-2.5-pro chat - - tw
google/gemini-3-flash-preview chat - - tw
google/gemini-3-pro-preview chat - - tw
llama-2-70b-chat chat 4096 4096 -
llama-3.1-70b-instruct chat 131072 131072 -
llama-3.1-8b-instruct chat 131072 131072 -
mistral-7b-instruct chat 4096 4096 -
mixtral-8x7b-instruct chat 4096 4096 -
openai/gpt-5-mini chat - - tw
openai/gpt-5.1 chat - - tw
openai/gpt-5.2 chat - - trw
perplexity/sonar chat - - tw
pplx-70b-chat chat 4096 4096 -
pplx-70b-online chat 4096 4096 -
pplx-7b-chat chat 8192 8192 -
pplx-7b-online chat 4096 4096 -
pplx-embed-v1-0.6b embedding 32768 - - 0.004/0 1
pplx-embed-v1-4b embedding 32768 - - 0.03/0 1
preset/advanced-deep-research chat - - tw
preset/deep-research chat - - tw
preset/fast-search chat - - tw
preset/pro-search chat - - tw
sonar chat 128000 4096 w
sonar-deep-research chat 128000 32768 rw
sonar-medium-chat chat 16384 16384 -
sonar-medium-online chat 12000 12000 -
sonar-pro chat 200000 8000 w
sonar-reasoning chat 128000 - rw
sonar-reasoning-pro chat 128000 4096 rw
sonar-small-chat chat 16384 16384 -
sonar-small-online chat 12000 12000 -
xai/grok-4-1-fast-non-reasoning chat - - tw
`,
};
