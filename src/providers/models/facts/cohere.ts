import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://models.dev", "https://docs.cohere.com/v2/docs/command-r7b"],
  models: `
c4ai-aya-expanse-32b chat 128000 4000 -
c4ai-aya-expanse-8b chat 8000 4000 -
c4ai-aya-vision-32b chat 16000 4000 v
c4ai-aya-vision-8b chat 16000 4000 v
command completion 4096 4096 -
command-a-03-2025 chat 256000 8000 t
command-a-plus-05-2026 chat 128000 64000 vtsr 2.5/10 1
command-a-reasoning-08-2025 chat 256000 32000 tr 2.5/10 1
command-a-translate-08-2025 chat 8000 8000 t 2.5/10 1
command-a-vision-07-2025 chat 128000 8000 v 2.5/10 1
command-light chat 4096 4096 -
command-nightly completion 4096 4096 -
command-r chat 128000 4096 t
command-r-08-2024 chat 128000 4096 t
command-r-plus chat 128000 4096 t
command-r-plus-08-2024 chat 128000 4096 t
command-r7b-12-2024 chat 128000 4096 t 0.0375/0.15 2
command-r7b-arabic-02-2025 chat 128000 4000 t 0.0375/0.15 1
embed-english-light-v2.0 embedding 1024 - -
embed-english-light-v3.0 embedding 1024 - -
embed-english-v2.0 embedding 4096 - -
embed-english-v3.0 embedding 1024 - -
embed-multilingual-light-v3.0 embedding 1024 - -
embed-multilingual-v2.0 embedding 768 - -
embed-multilingual-v3.0 embedding 1024 - -
embed-v4.0 embedding 128000 - -
north-mini-code-1-0 chat 256000 64000 tsr
rerank-english-v2.0 rerank 4096 - -
rerank-english-v3.0 rerank 4096 - -
rerank-multilingual-v2.0 rerank 4096 - -
rerank-multilingual-v3.0 rerank 4096 - -
rerank-v3.5 rerank 4096 - -
`,
};
