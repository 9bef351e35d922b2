import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://models.dev"],
  models: `
step-1-32k chat 32768 32768 trc 2.05/9.59/0.41 1
step-2-16k chat 16384 8192 trc 5.21/16.44/1.04 1
step-3.5-flash chat 256000 256000 trc 0.1/0.3/0.02 1
step-3.5-flash-2603 chat 256000 256000 trc 0.1/0.3/0.02 1
step-3.7-flash chat 256000 256000 vtrc 0.2/1.15/0.04 1
`,
};
