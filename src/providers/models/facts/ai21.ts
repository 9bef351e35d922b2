import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
j2-light completion 8192 8192 -
j2-mid completion 8192 8192 -
j2-ultra completion 8192 8192 -
jamba-1.5 chat 256000 256000 -
jamba-1.5-large chat 256000 256000 -
jamba-1.5-large@001 chat 256000 256000 -
jamba-1.5-mini chat 256000 256000 -
jamba-1.5-mini@001 chat 256000 256000 -
jamba-large-1.6 chat 256000 256000 -
jamba-large-1.7 chat 256000 256000 -
jamba-mini-1.6 chat 256000 256000 -
jamba-mini-1.7 chat 256000 256000 -
`,
};
