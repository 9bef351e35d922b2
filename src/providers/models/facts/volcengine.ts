import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
deepseek-v3-2-251201 chat 98304 32768 trc
doubao-embedding embedding 4096 - -
doubao-embedding-large embedding 4096 - -
doubao-embedding-large-text-240915 embedding 4096 - -
doubao-embedding-large-text-250515 embedding 4096 - -
doubao-embedding-text-240715 embedding 4096 - -
doubao-seed-2-0-code-preview-260215 chat 256000 128000 vtr
doubao-seed-2-0-lite-260215 chat 256000 128000 vtr
doubao-seed-2-0-mini-260215 chat 256000 128000 vtr
doubao-seed-2-0-pro-260215 chat 256000 128000 vtr
glm-4-7-251222 chat 204800 131072 trc
kimi-k2-thinking-251104 chat 229376 32768 trc
`,
};
