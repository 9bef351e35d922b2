import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://mistral.ai/news/codestral-25-08",
    "https://mistral.ai/technology/",
    "https://mistral.ai/news/devstral-2-vibe-cli",
    "https://mistral.ai/news/devstral",
    "https://docs.mistral.ai/models/devstral-small-2-25-12",
    "https://mistral.ai/news/magistral",
    "https://models.dev",
    "https://mistral.ai/pricing#api-pricing",
    "https://mistral.ai/pricing",
    "https://docs.mistral.ai/models/mistral-large-3-25-12",
    "https://mistral.ai/news/mistral-medium-3",
    "https://docs.mistral.ai/models/model-cards/mistral-medium-3-5-26-04",
  ],
  models: `
codestral-2405 chat 32000 8191 s
codestral-2508 chat 256000 256000 ts 0.3/0.9 1
codestral-embed embedding 8192 - -
codestral-embed-2505 embedding 8192 - -
codestral-latest chat 32000 8191 s
codestral-mamba-latest chat 256000 256000 - 0.25/0.25 2
devstral-2512 chat 256000 256000 ts 0.4/2 3
devstral-latest chat 256000 256000 ts 0.4/2 3
devstral-medium-2507 chat 128000 128000 ts 0.4/2 4
devstral-medium-latest chat 256000 256000 ts 0.4/2 3
devstral-small-2505 chat 128000 128000 ts 0.1/0.3 4
devstral-small-2507 chat 128000 128000 ts 0.1/0.3 4
devstral-small-latest chat 256000 256000 ts 0.1/0.3 5
labs-devstral-small-2512 chat 256000 256000 ts 0.1/0.3 5
magistral-medium-1-2-2509 chat 40000 40000 tsr 2/5 6
magistral-medium-2506 chat 40000 40000 tsr 2/5 6
magistral-medium-2509 chat 40000 40000 tsr 2/5 6
magistral-medium-latest chat 40000 40000 tsr 2/5 6
magistral-small chat 128000 128000 tr 0.5/1.5 7
magistral-small-1-2-2509 chat 40000 40000 tsr 0.5/1.5 8
magistral-small-2506 chat 40000 40000 tsr 0.5/1.5 8
magistral-small-latest chat 40000 40000 tsr 0.5/1.5 8
ministral-3-14b-2512 chat 262144 262144 vts 0.2/0.2 9
ministral-3-3b-2512 chat 131072 131072 vts 0.1/0.1 9
ministral-3-8b-2512 chat 262144 262144 vts 0.15/0.15 9
ministral-3b-latest chat 128000 128000 t 0.04/0.04 7
ministral-8b-2512 chat 262144 262144 vts 0.15/0.15 9
ministral-8b-latest chat 262144 262144 vts 0.15/0.15 9
mistral-embed embedding 8192 - -
mistral-large-2402 chat 32000 8191 ts
mistral-large-2407 chat 128000 128000 ts
mistral-large-2411 chat 128000 128000 ts
mistral-large-2512 chat 262144 262144 vts 0.5/1.5 10
mistral-large-3 chat 262144 262144 vts 0.5/1.5 10
mistral-large-latest chat 262144 262144 vts 0.5/1.5 10
mistral-medium chat 32000 8191 s
mistral-medium-2312 chat 32000 8191 s
mistral-medium-2505 chat 131072 8191 ts
mistral-medium-2508 chat 131072 131072 vts 0.4/2 11
mistral-medium-2604 chat 262144 262144 vtsr 1.5/7.5 12
mistral-medium-3-1-2508 chat 131072 131072 vts 0.4/2 11
mistral-medium-3-5 chat 262144 262144 vtsr 1.5/7.5 12
mistral-medium-latest chat 262144 262144 vtsr 1.5/7.5 12
mistral-nemo chat 128000 128000 t
mistral-small chat 32000 8191 ts
mistral-small-2506 chat 128000 16384 vt 0.1/0.3 7
mistral-small-2603 chat 256000 256000 vtr
mistral-small-3-2-2506 chat 131072 131072 vts 0.06/0.18 9
mistral-small-latest chat 131072 131072 vts 0.06/0.18 9
mistral-tiny chat 32000 8191 s
open-codestral-mamba chat 256000 256000 - 0.25/0.25 2
open-mistral-7b chat 32000 8191 s
open-mistral-nemo chat 128000 128000 s 0.3/0.3 2
open-mistral-nemo-2407 chat 128000 128000 s 0.3/0.3 2
open-mixtral-8x22b chat 65336 8191 ts 2/6 7
open-mixtral-8x7b chat 32000 8191 ts
pixtral-12b chat 128000 128000 vt
pixtral-12b-2409 chat 128000 128000 vts
pixtral-large-2411 chat 128000 128000 vts
pixtral-large-latest chat 128000 128000 vts
`,
};
