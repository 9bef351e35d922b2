import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
jina-reranker-v2-base-multilingual rerank 1024 - -
`,
};
