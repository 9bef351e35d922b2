import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://api-docs.deepseek.com/quick_start/pricing"],
  models: `
deepseek-chat chat 131072 8192 tsc 0.28/0.42/0.028 1
deepseek-coder chat 128000 4096 tc
deepseek-r1 chat 65536 8192 trc
deepseek-reasoner chat 131072 65536 src 0.28/0.42/0.028 1
deepseek-v3 chat 65536 8192 tc
deepseek-v3.2 chat 163840 163840 trc
deepseek-v4-flash chat 1000000 8192 tsc 0.14/0.28/0.0028 1
deepseek-v4-pro chat 1000000 8192 tsc 0.435/0.87/0.003625 1
`,
};
