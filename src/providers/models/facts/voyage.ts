import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
rerank-2 rerank 16000 - -
rerank-2-lite rerank 8000 - -
rerank-2.5 rerank 32000 - -
rerank-2.5-lite rerank 32000 - -
voyage-2 embedding 4000 - -
voyage-3 embedding 32000 - -
voyage-3-large embedding 32000 - -
voyage-3-lite embedding 32000 - -
voyage-3.5 embedding 32000 - -
voyage-3.5-lite embedding 32000 - -
voyage-code-2 embedding 16000 - -
voyage-code-3 embedding 32000 - -
voyage-context-3 embedding 120000 - -
voyage-finance-2 embedding 32000 - -
voyage-large-2 embedding 16000 - -
voyage-law-2 embedding 16000 - -
voyage-lite-01 embedding 4096 - -
voyage-lite-02-instruct embedding 4000 - -
voyage-multimodal-3 embedding 32000 - -
`,
};
