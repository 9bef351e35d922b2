import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://docs.z.ai/guides/overview/pricing", "https://models.dev"],
  models: `
glm-4-32b-0414-128k chat 128000 32000 t 0.1/0.1 1
glm-4.5 chat 128000 32000 t 0.6/2.2 1
glm-4.5-air chat 128000 32000 t 0.2/1.1 1
glm-4.5-airx chat 128000 32000 t 1.1/4.5 1
glm-4.5-flash chat 128000 32000 t 0/0 1
glm-4.5-x chat 128000 32000 t 2.2/8.9 1
glm-4.5v chat 128000 32000 vt 0.6/1.8 1
glm-4.6 chat 200000 128000 trc 0.6/2.2/0.11 1
glm-4.6v chat 128000 32768 vtr 0.3/0.9 2
glm-4.7 chat 200000 128000 trc 0.6/2.2/0.11 1
glm-4.7-flash chat 200000 128000 trc 0/0/0 1
glm-4.7-flashx chat 200000 131072 trc
glm-5 chat 200000 128000 trc 1/3.2/0.2 1
glm-5-code chat 200000 128000 trc 1.2/5/0.3 1
glm-5-turbo chat 200000 131072 tsrc
glm-5.1 chat 200000 128000 trc 1.4/4.4/0.26 1
glm-5.2 chat 1000000 131072 tsrc
glm-5v-turbo chat 200000 131072 vtrdc
`,
};
