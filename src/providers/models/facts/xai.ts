import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: ["https://x.ai/api#pricing", "https://docs.x.ai/docs/models"],
  models: `
grok-2 chat 131072 131072 tw
grok-2-1212 chat 131072 131072 tw
grok-2-latest chat 131072 131072 tw
grok-2-vision chat 32768 32768 vtw
grok-2-vision-1212 chat 32768 32768 vtw
grok-2-vision-latest chat 32768 32768 vtw
grok-3 chat 131072 131072 tcw 3/15/0.75 1
grok-3-beta chat 131072 131072 tcw 3/15/0.75 1
grok-3-fast-beta chat 131072 131072 tcw 5/25/1.25 1
grok-3-fast-latest chat 131072 131072 tcw 5/25/1.25 1
grok-3-latest chat 131072 131072 tcw 3/15/0.75 1
grok-3-mini chat 131072 131072 trcw 0.3/0.5/0.075 1
grok-3-mini-beta chat 131072 131072 trcw 0.3/0.5/0.075 1
grok-3-mini-fast chat 131072 131072 trcw 0.6/4/0.15 1
grok-3-mini-fast-beta chat 131072 131072 trcw 0.6/4/0.15 1
grok-3-mini-fast-latest chat 131072 131072 trcw 0.6/4/0.15 1
grok-3-mini-latest chat 131072 131072 trcw 0.3/0.5/0.075 1
grok-4 chat 256000 256000 tcw 3/15 2
grok-4-0709 chat 256000 256000 tcw
grok-4-1-fast chat - - vtsracw
grok-4-1-fast-non-reasoning chat - - vtsacw
grok-4-1-fast-non-reasoning-latest chat - - vtsacw
grok-4-1-fast-reasoning chat - - vtsracw
grok-4-1-fast-reasoning-latest chat - - vtsracw
grok-4-fast-non-reasoning chat - - tcw
grok-4-fast-reasoning chat - - tcw
grok-4-latest chat 256000 256000 tcw
grok-4.20-0309-non-reasoning chat 1000000 30000 vtsdc
grok-4.20-0309-reasoning chat 2000000 2000000 vtrw 2/6/0.2 2
grok-4.20-beta-0309-non-reasoning chat 2000000 2000000 vtcw 2/6/0.2 2
grok-4.20-beta-0309-reasoning chat 2000000 2000000 vtrcw 2/6/0.2 2
grok-4.20-multi-agent-0309 chat 1000000 30000 vsrdc
grok-4.20-multi-agent-beta-0309 chat 2000000 2000000 vtrcw 2/6/0.2 2
grok-4.3 chat 1000000 1000000 vtsrcw
grok-4.3-latest chat 1000000 1000000 vtsrcw
grok-4.5 chat 500000 500000 vtsrcw
grok-4.5-latest chat 500000 500000 vtsrcw
grok-beta chat 131072 131072 vtw
grok-build-0.1 chat 256000 256000 vtsrdc
grok-code-fast chat 256000 256000 trc 0.2/1.5/0.02 2
grok-code-fast-1 chat 256000 256000 trc 0.2/1.5/0.02 2
grok-code-fast-1-0825 chat 256000 256000 trc 0.2/1.5/0.02 2
grok-imagine-image image 8000 - -
grok-imagine-image-quality image 8000 - -
grok-vision-beta chat 8192 8192 vtw
`,
};
