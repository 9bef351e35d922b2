import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://models.dev"],
  models: `
solar-mini chat 32768 4096 t 0.15/0.15 1
solar-pro2 chat 65536 8192 tr 0.25/0.25 1
solar-pro3 chat 131072 8192 tr 0.25/0.25 1
`,
};
