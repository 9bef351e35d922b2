import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://platform.moonshot.ai/docs/pricing/chat#generation-model-kimi-k2",
    "https://platform.moonshot.ai/docs/guide/kimi-k2-5-quickstart",
    "https://platform.kimi.ai/docs/pricing/chat-k26",
    "https://platform.moonshot.ai/docs/pricing",
  ],
  models: `
kimi-k2-0711-preview chat 131072 131072 tw 0.6/2.5/0.15 1
kimi-k2-0905-preview chat 262144 262144 tw 0.6/2.5/0.15 1
kimi-k2-thinking chat 262144 262144 trw 0.6/2.5/0.15 1
kimi-k2-thinking-turbo chat 262144 262144 trw 1.15/8/0.15 1
kimi-k2-turbo-preview chat 262144 262144 tw 1.15/8/0.15 1
kimi-k2.5 chat 262144 262144 vtsr 0.6/3/0.1 2
kimi-k2.6 chat 262144 262144 vtsr 0.95/4/0.16 3
kimi-k2.7-code chat 262144 262144 vtsrc
kimi-k2.7-code-highspeed chat 262144 262144 vtsrc
kimi-latest chat 131072 131072 vt 2/5/0.15 4
kimi-latest-128k chat 131072 131072 vt 2/5/0.15 4
kimi-latest-32k chat 32768 32768 vt 1/3/0.15 4
kimi-latest-8k chat 8192 8192 vt 0.2/2/0.15 4
kimi-thinking-preview chat 131072 131072 v 0.6/2.5/0.15 1
moonshot-v1-128k chat 131072 131072 ts 2/5 4
moonshot-v1-128k-0430 chat 131072 131072 t 2/5 4
moonshot-v1-128k-vision-preview chat 131072 131072 vts 2/5 4
moonshot-v1-32k chat 32768 32768 ts 1/3 4
moonshot-v1-32k-0430 chat 32768 32768 t 1/3 4
moonshot-v1-32k-vision-preview chat 32768 32768 vts 1/3 4
moonshot-v1-8k chat 8192 8192 ts 0.2/2 4
moonshot-v1-8k-0430 chat 8192 8192 t 0.2/2 4
moonshot-v1-8k-vision-preview chat 8192 8192 vts 0.2/2 4
moonshot-v1-auto chat 131072 131072 ts 2/5 4
`,
};
