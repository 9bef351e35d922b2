import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [],
  models: `
claude-3-5-sonnet-20240620 chat 200000 8192 vtdc
claude-3-5-sonnet-20241022 chat 200000 8192 vtdc
claude-3-7-sonnet-20250219 chat 200000 64000 vtsrdcw
claude-3-haiku-20240307 chat 200000 4096 vtsc
claude-3-opus-20240229 chat 200000 4096 vtsc
claude-3-sonnet-20240229 chat 200000 4096 vtdc
claude-4-opus-20250514 chat 200000 32000 vtsrdc
claude-4-sonnet-20250514 chat 1000000 64000 vtsrdcw
claude-fable-5 chat 1000000 128000 vtsrdc
claude-haiku-4-5 chat 200000 64000 vtsrdc
claude-haiku-4-5-20251001 chat 200000 64000 vtsrdc
claude-opus-4-0 chat 200000 32000 vtrdc
claude-opus-4-1 chat 200000 32000 vtsrdc
claude-opus-4-1-20250805 chat 200000 32000 vtsrdc
claude-opus-4-20250514 chat 200000 32000 vtsrdc
claude-opus-4-5 chat 200000 64000 vtsrdc
claude-opus-4-5-20251101 chat 200000 64000 vtsrdc
claude-opus-4-6 chat 1000000 128000 vtsrdc
claude-opus-4-6-20260205 chat 1000000 128000 vtsrdc
claude-opus-4-7 chat 1000000 128000 vtsrdc
claude-opus-4-7-20260416 chat 1000000 128000 vtsrdc
claude-opus-4-8 chat 1000000 128000 vtsrdc
claude-opus-5 chat 1000000 128000 vtsrdc
claude-sonnet-4-0 chat 200000 64000 vtrdc
claude-sonnet-4-20250514 chat 1000000 64000 vtsrdc
claude-sonnet-4-5 chat 200000 64000 vtsrdc
claude-sonnet-4-5-20250929 chat 200000 64000 vtsrdcw
claude-sonnet-4-6 chat 1000000 64000 vtsrdc
claude-sonnet-5 chat 1000000 128000 vtsrdc
`,
};
