import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://models.dev",
    "https://azure.microsoft.com/en-us/blog/gpt-5-in-azure-ai-foundry-the-future-of-ai-apps-and-agents-starts-here/",
    "https://learn.microsoft.com/en-us/azure/ai-foundry/foundry-models/concepts/models-sold-directly-by-azure?pivots=azure-openai&tabs=global-standard-aoai%2Cstandard-chat-completions%2Cglobal-standard#gpt-5",
  ],
  models: `
ada embedding 8191 - -
claude-fable-5 chat 1000000 128000 vtrdc
claude-haiku-4-5 chat 200000 64000 vtsrdc
claude-opus-4-1 chat 200000 32000 vtsrdc
claude-opus-4-5 chat 200000 64000 vtrdc
claude-opus-4-6 chat 200000 128000 vtrdc
claude-opus-4-8 chat 200000 128000 vtrdc
claude-sonnet-4-5 chat 200000 64000 vtsrdc
claude-sonnet-4-6 chat 1000000 64000 vtsrdc
claude-sonnet-5 chat 1000000 128000 vtsrdc
codestral-2501 chat 256000 256000 t 0.3/0.9 1
codex-mini chat 200000 100000 vtsrdc
cohere-command-a chat 256000 8000 tr 2.5/10 1
cohere-command-r-08-2024 chat 128000 4000 t 0.15/0.6 1
cohere-command-r-plus-08-2024 chat 128000 4000 t 2.5/10 1
cohere-embed-v-4-0 embedding 128000 - - 0.12/0 1
cohere-embed-v3-english embedding 512 - - 0.1/0 1
cohere-embed-v3-multilingual embedding 512 - - 0.1/0 1
command-r-plus chat 128000 4096 t
computer-use-preview chat 8192 1024 vtsr
deepseek-r1 chat 163840 163840 r
deepseek-r1-0528 chat 163840 163840 tr
deepseek-v3-0324 chat 131072 131072 t 1.14/4.56 1
deepseek-v3.1 chat 131072 131072 tr 0.56/1.68 1
deepseek-v3.2 chat 128000 128000 tr
deepseek-v3.2-speciale chat 128000 128000 r 0.58/1.68 1
deepseek-v4-flash chat 1000000 384000 sr
deepseek-v4-pro chat 1000000 384000 sr
gpt-3.5-turbo chat 4097 4096 t
gpt-3.5-turbo-0125 chat 16384 4096 t
gpt-3.5-turbo-0301 chat 4096 4096 -
gpt-3.5-turbo-0613 chat 16384 16384 -
gpt-3.5-turbo-1106 chat 16384 16384 -
gpt-3.5-turbo-instruct chat 4096 4096 -
gpt-35-turbo chat 4097 4096 t
gpt-35-turbo-0125 chat 16384 4096 t
gpt-35-turbo-1106 chat 16384 4096 t
gpt-35-turbo-16k chat 16385 4096 -
gpt-35-turbo-16k-0613 chat 16385 4096 t
gpt-4 chat 8192 4096 t
gpt-4-0125-preview chat 128000 4096 t
gpt-4-0613 chat 8192 4096 t
gpt-4-1106-preview chat 128000 4096 t
gpt-4-32k chat 32768 4096 t
gpt-4-32k-0613 chat 32768 4096 -
gpt-4-turbo chat 128000 4096 t
gpt-4-turbo-2024-04-09 chat 128000 4096 vt
gpt-4-turbo-vision chat 128000 4096 vt 10/30 1
gpt-4-turbo-vision-preview chat 128000 4096 v
gpt-4.1 chat 1047576 32768 vtsc
gpt-4.1-2025-04-14 chat 1047576 32768 vtsc
gpt-4.1-mini chat 1047576 32768 vtsc
gpt-4.1-mini-2025-04-14 chat 1047576 32768 vtsc
gpt-4.1-nano chat 1047576 32768 vtsc
gpt-4.1-nano-2025-04-14 chat 1047576 32768 vtsc
gpt-4.5-preview chat 128000 16384 vtsc
gpt-4o chat 128000 16384 vtsc
gpt-4o-2024-05-13 chat 128000 4096 vtc
gpt-4o-2024-08-06 chat 128000 16384 vtsc
gpt-4o-2024-11-20 chat 128000 16384 vtsc
gpt-4o-audio-preview-2024-12-17 chat 128000 16384 t
gpt-4o-mini chat 128000 16384 vtsc
gpt-4o-mini-2024-07-18 chat 128000 16384 vtsc
gpt-4o-mini-audio-preview-2024-12-17 chat 128000 16384 t
gpt-4o-mini-realtime-preview-2024-12-17 realtime 128000 - tao
gpt-4o-mini-transcribe transcription 16000 - -
gpt-4o-realtime-preview-2024-10-01 realtime 128000 - tao
gpt-4o-realtime-preview-2024-12-17 realtime 128000 - tao
gpt-4o-transcribe transcription 16000 - -
gpt-4o-transcribe-diarize transcription 16000 - -
gpt-5 chat 272000 128000 vtsrdc
gpt-5-2025-08-07 chat 272000 128000 vtsrdc
gpt-5-chat chat 128000 16384 vtsrdc 1.25/10/0.125 2
gpt-5-chat-latest chat 128000 16384 vtsrdc
gpt-5-codex chat 272000 128000 vtsrdc
gpt-5-mini chat 272000 128000 vtsrdc
gpt-5-mini-2025-08-07 chat 272000 128000 vtsrdc
gpt-5-nano chat 272000 128000 vtsrdc
gpt-5-nano-2025-08-07 chat 272000 128000 vtsrdc
gpt-5-pro chat 272000 128000 vtsrdc 15/120 3
gpt-5.1 chat 272000 128000 vtsrdc
gpt-5.1-2025-11-13 chat 272000 128000 vtsrdc
gpt-5.1-chat chat 128000 128000 vtsrdc
gpt-5.1-chat-2025-11-13 chat 128000 16384 vsrdc
gpt-5.1-codex chat 272000 128000 vtsrdc
gpt-5.1-codex-2025-11-13 chat 272000 128000 vtsrdc
gpt-5.1-codex-max chat 272000 128000 vtsrdc
gpt-5.1-codex-mini chat 272000 128000 vtsrdc
gpt-5.1-codex-mini-2025-11-13 chat 272000 128000 vtsrdc
gpt-5.2 chat 272000 128000 vtsrdc
gpt-5.2-2025-12-11 chat 272000 128000 vtsrdc
gpt-5.2-chat chat 128000 16384 vtsrdc
gpt-5.2-chat-2025-12-11 chat 128000 16384 vtsrdc
gpt-5.2-codex chat 272000 128000 vtsrdc
gpt-5.2-pro chat 272000 128000 vtsrdcw
gpt-5.2-pro-2025-12-11 chat 272000 128000 vtsrdcw
gpt-5.3-chat chat 128000 16384 vtsrdc
gpt-5.3-codex chat 272000 128000 vtsrdc
gpt-5.4 chat 1050000 128000 vtsrdc
gpt-5.4-2026-03-05 chat 1050000 128000 vtsrdc
gpt-5.4-mini chat 1050000 128000 vtsrdcw
gpt-5.4-mini-2026-03-17 chat 1050000 128000 vtsrdcw
gpt-5.4-nano chat 1050000 128000 vtsrdcw
gpt-5.4-nano-2026-03-17 chat 1050000 128000 vtsrdcw
gpt-5.4-pro chat 1050000 128000 vtrdcw
gpt-5.4-pro-2026-03-05 chat 1050000 128000 vtrdcw
gpt-5.5 chat 1050000 128000 vtsrdcw
gpt-5.5-2026-04-23 chat 1050000 128000 vtsrdcw
gpt-5.5-pro chat 1050000 128000 vtrdcw
gpt-5.5-pro-2026-04-23 chat 1050000 128000 vtrdcw
gpt-5.6 chat 1050000 128000 vtsrdcw
gpt-5.6-luna chat 1050000 128000 vtsrdcw
gpt-5.6-sol chat 1050000 128000 vtsrdcw
gpt-5.6-terra chat 1050000 128000 vtsrdcw
gpt-audio-1.5-2026-02-23 chat 128000 16384 t
gpt-audio-2025-08-28 chat 128000 16384 t
gpt-audio-mini-2025-10-06 chat 128000 16384 t
gpt-image-1.5 image - - vc
gpt-image-2 image - - vd
gpt-image-2-2026-04-21 image - - vd
gpt-realtime-1.5-2026-02-23 realtime 32000 - tao
gpt-realtime-2025-08-28 realtime 32000 - tao
gpt-realtime-mini-2025-10-06 realtime 32000 - tao
gpt-realtime-whisper transcription - - a
grok-4-1-fast-non-reasoning chat 128000 8192 vtc
grok-4-1-fast-reasoning chat 128000 8192 vtrc
grok-4-20-non-reasoning chat 262000 8192 t 2/6 1
grok-4-20-reasoning chat 262000 8192 tr 2/6 1
grok-4-fast-reasoning chat 2000000 30000 vtrc
kimi-k2-thinking chat 262144 262144 trc
kimi-k2.5 chat 262144 262144 vtsr
kimi-k2.6 chat 262144 262144 vtsr
llama-3.2-11b-vision-instruct chat 128000 8192 vt 0.37/0.37 1
llama-3.2-90b-vision-instruct chat 128000 8192 vt 2.04/2.04 1
llama-3.3-70b-instruct chat 128000 32768 t 0.71/0.71 1
llama-4-maverick-17b-128e-instruct-fp8 chat 128000 8192 vt 0.25/1 1
llama-4-scout-17b-16e-instruct chat 128000 8192 vt 0.2/0.78 1
meta-llama-3-70b-instruct chat 8192 2048 - 2.68/3.54 1
meta-llama-3-8b-instruct chat 8192 2048 - 0.3/0.61 1
meta-llama-3.1-405b-instruct chat 128000 32768 t 5.33/16 1
meta-llama-3.1-70b-instruct chat 128000 32768 t 2.68/3.54 1
meta-llama-3.1-8b-instruct chat 128000 32768 t 0.3/0.61 1
ministral-3b chat 128000 8192 t 0.04/0.04 1
mistral-large-2402 chat 32000 - t
mistral-large-2411 chat 128000 32768 t 2/6 1
mistral-large-latest chat 32000 - t
mistral-medium-2505 chat 128000 128000 vt 0.4/2 1
mistral-nemo chat 128000 128000 t 0.15/0.15 1
mistral-small-2503 chat 128000 32768 vt 0.1/0.3 1
model-router chat 128000 16384 vt
o1 chat 200000 100000 vtrc
o1-2024-12-17 chat 200000 100000 vtrc
o1-mini chat 128000 65536 trc
o1-mini-2024-09-12 chat 128000 65536 trc
o1-preview chat 128000 32768 trc
o1-preview-2024-09-12 chat 128000 32768 trdc
o3 chat 200000 100000 vtsrc
o3-2025-04-16 chat 200000 100000 vtsrc
o3-deep-research chat 200000 100000 vtsrdcw
o3-mini chat 200000 100000 src
o3-mini-2025-01-31 chat 200000 100000 rc
o3-pro chat 200000 100000 vtsr
o3-pro-2025-06-10 chat 200000 100000 vtsr
o4-mini chat 200000 100000 vtsrc
o4-mini-2025-04-16 chat 200000 100000 vtsrc
phi-3-medium-128k-instruct chat 128000 4096 -
phi-3-medium-4k-instruct chat 4096 1024 - 0.17/0.68 1
phi-3-mini-128k-instruct chat 128000 4096 -
phi-3-mini-4k-instruct chat 4096 1024 - 0.13/0.52 1
phi-3-small-128k-instruct chat 128000 4096 - 0.15/0.6 1
phi-3-small-8k-instruct chat 8192 2048 - 0.15/0.6 1
phi-3.5-mini-instruct chat 128000 4096 - 0.13/0.52 1
phi-3.5-moe-instruct chat 128000 4096 - 0.16/0.64 1
phi-4 chat 128000 4096 -
phi-4-mini chat 128000 4096 t 0.075/0.3 1
phi-4-mini-reasoning chat 128000 4096 tr 0.075/0.3 1
phi-4-multimodal chat 128000 4096 va
phi-4-reasoning chat 32000 4096 r 0.125/0.5 1
phi-4-reasoning-plus chat 32000 4096 r
text-embedding-3-large embedding 8191 - -
text-embedding-3-small embedding 8191 - -
text-embedding-ada-002 embedding 8191 - -
`,
};
