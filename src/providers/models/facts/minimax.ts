import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
MiniMax-M2 chat 200000 8192 trc
MiniMax-M2.1 chat 1000000 8192 trc
MiniMax-M2.1-lightning chat 1000000 8192 trc
MiniMax-M2.5 chat 1000000 8192 trc
MiniMax-M2.5-highspeed chat 204800 131072 trc
MiniMax-M2.5-lightning chat 1000000 8192 trc
MiniMax-M2.7 chat 204800 131072 trc
MiniMax-M2.7-highspeed chat 204800 131072 trc
MiniMax-M3 chat 1000000 128000 vtrc
`,
};
