import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://www.cerebras.ai/blog/openai-gpt-oss-120b-runs-fastest-on-cerebras",
    "https://inference-docs.cerebras.ai/support/pricing",
    "https://www.cerebras.ai/pricing",
  ],
  models: `
gpt-oss-120b chat 131072 32768 tsr 0.35/0.75 1
llama-3.3-70b chat 128000 128000 t
llama3.1-70b chat 128000 128000 t
llama3.1-8b chat 128000 128000 t
qwen-3-32b chat 128000 128000 tr 0.4/0.8 2
zai-glm-4.6 chat 128000 128000 tr 2.25/2.75 3
zai-glm-4.7 chat 128000 128000 tr 2.25/2.75 3
`,
};
