import type { FactsText } from "./facts-text.ts";

/** Collected on 2026-07-24 from public lists of models; what a price was taken from is in `sources`. */
export const LABS: Readonly<Record<string, FactsText>> = {
  openai: {
    sources: [],
    models: `
chatgpt-4o-latest chat 128000 4096 vtdc
codex-mini-latest chat 200000 100000 vtsrdc
gpt-3.5-turbo chat 16385 4096 tc
gpt-3.5-turbo-0125 chat 16385 4096 tc
gpt-3.5-turbo-1106 chat 16385 4096 tc
gpt-3.5-turbo-16k chat 16385 4096 c
gpt-4 chat 8192 4096 tc
gpt-4-0125-preview chat 128000 4096 tc
gpt-4-0314 chat 8192 4096 -
gpt-4-0613 chat 8192 4096 tc
gpt-4-1106-preview chat 128000 4096 tc
gpt-4-turbo chat 128000 4096 vtdc
gpt-4-turbo-2024-04-09 chat 128000 4096 vtdc
gpt-4-turbo-preview chat 128000 4096 tdc
gpt-4.1 chat 1047576 32768 vtsdcw
gpt-4.1-2025-04-14 chat 1047576 32768 vtsdcw
gpt-4.1-mini chat 1047576 32768 vtsdcw
gpt-4.1-mini-2025-04-14 chat 1047576 32768 vtsdcw
gpt-4.1-nano chat 1047576 32768 vtsdc
gpt-4.1-nano-2025-04-14 chat 1047576 32768 vtsdc
gpt-4o chat 128000 16384 vtsdc
gpt-4o-2024-05-13 chat 128000 4096 vtdc
gpt-4o-2024-08-06 chat 128000 16384 vtsdc
gpt-4o-2024-11-20 chat 128000 16384 vtsdc
gpt-4o-audio-preview chat 128000 16384 tao
gpt-4o-audio-preview-2024-12-17 chat 128000 16384 tao
gpt-4o-audio-preview-2025-06-03 chat 128000 16384 tao
gpt-4o-mini chat 128000 16384 vtsdc
gpt-4o-mini-2024-07-18 chat 128000 16384 vtsdc
gpt-4o-mini-audio-preview chat 128000 16384 tao
gpt-4o-mini-audio-preview-2024-12-17 chat 128000 16384 tao
gpt-4o-mini-realtime-preview realtime 128000 - tao
gpt-4o-mini-realtime-preview-2024-12-17 realtime 128000 - tao
gpt-4o-mini-search-preview chat 128000 16384 vtsdcw
gpt-4o-mini-search-preview-2025-03-11 chat 128000 16384 vtsdc
gpt-4o-mini-transcribe transcription 16000 - -
gpt-4o-mini-transcribe-2025-03-20 transcription 16000 - -
gpt-4o-mini-transcribe-2025-12-15 transcription 16000 - -
gpt-4o-realtime-preview realtime 128000 - tao
gpt-4o-realtime-preview-2024-12-17 realtime 128000 - tao
gpt-4o-realtime-preview-2025-06-03 realtime 128000 - tao
gpt-4o-search-preview chat 128000 16384 vtsdcw
gpt-4o-search-preview-2025-03-11 chat 128000 16384 vtsdc
gpt-4o-transcribe transcription 16000 - -
gpt-4o-transcribe-diarize transcription 16000 - -
gpt-5 chat 272000 128000 vtsrdcw
gpt-5-2025-08-07 chat 272000 128000 vtsrdcw
gpt-5-chat chat 128000 16384 vsrdc
gpt-5-chat-latest chat 128000 16384 vsrdc
gpt-5-codex chat 272000 128000 vtsrdcw
gpt-5-mini chat 272000 128000 vtsrdcw
gpt-5-mini-2025-08-07 chat 272000 128000 vtsrdcw
gpt-5-nano chat 272000 128000 vtsrdcw
gpt-5-nano-2025-08-07 chat 272000 128000 vtsrdcw
gpt-5-pro chat 400000 128000 vtsrdcw
gpt-5-pro-2025-10-06 chat 400000 128000 vtsrdcw
gpt-5-search-api chat 272000 128000 vtsdcw
gpt-5-search-api-2025-10-14 chat 272000 128000 vtsdcw
gpt-5.1 chat 272000 128000 vtsrdcw
gpt-5.1-2025-11-13 chat 272000 128000 vtsrdcw
gpt-5.1-chat-latest chat 128000 16384 vsrdcw
gpt-5.1-codex chat 272000 128000 vtsrdcw
gpt-5.1-codex-max chat 272000 128000 vtsrdcw
gpt-5.1-codex-mini chat 272000 128000 vtsrdcw
gpt-5.2 chat 272000 128000 vtsrdcw
gpt-5.2-2025-12-11 chat 272000 128000 vtsrdcw
gpt-5.2-chat-latest chat 128000 16384 vtsrdcw
gpt-5.2-codex chat 272000 128000 vtsrdcw
gpt-5.2-pro chat 272000 128000 vtsrdcw
gpt-5.2-pro-2025-12-11 chat 272000 128000 vtsrdcw
gpt-5.3-chat-latest chat 128000 16384 vtsrdcw
gpt-5.3-codex chat 272000 128000 vtsrdcw
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
gpt-audio chat 128000 16384 tao
gpt-audio-1.5 chat 128000 16384 tao
gpt-audio-2025-08-28 chat 128000 16384 tao
gpt-audio-mini chat 128000 16384 tao
gpt-audio-mini-2025-10-06 chat 128000 16384 tao
gpt-audio-mini-2025-12-15 chat 128000 16384 tao
gpt-image-1.5 image - - vd
gpt-image-1.5-2025-12-16 image - - vd
gpt-image-2 image - - vd
gpt-image-2-2026-04-21 image - - vd
gpt-realtime realtime 32000 - tao
gpt-realtime-1.5 realtime 32000 - tao
gpt-realtime-2 realtime 32000 - tao
gpt-realtime-2.1 realtime 128000 - tao
gpt-realtime-2.1-mini realtime 128000 - tao
gpt-realtime-2025-08-28 realtime 32000 - tao
gpt-realtime-mini realtime 128000 - tao
gpt-realtime-mini-2025-10-06 realtime 128000 - tao
gpt-realtime-mini-2025-12-15 realtime 128000 - tao
gpt-realtime-whisper transcription - - a
o1 chat 200000 100000 vtsrdc
o1-2024-12-17 chat 200000 100000 vtsrdc
o1-pro chat 200000 100000 vtsrdc
o1-pro-2025-03-19 chat 200000 100000 vtsrdc
o3 chat 200000 100000 vtsrdcw
o3-2025-04-16 chat 200000 100000 vtsrdcw
o3-deep-research chat 200000 100000 vtsdcw
o3-deep-research-2025-06-26 chat 200000 100000 vtsdcw
o3-mini chat 200000 100000 tsrc
o3-mini-2025-01-31 chat 200000 100000 tsrc
o3-pro chat 200000 100000 vtsrdcw
o3-pro-2025-06-10 chat 200000 100000 vtsrdcw
o4-mini chat 200000 100000 vtsrdcw
o4-mini-2025-04-16 chat 200000 100000 vtsrdcw
o4-mini-deep-research chat 200000 100000 vtsdcw
o4-mini-deep-research-2025-06-26 chat 200000 100000 vtsdcw
omni-moderation-2024-09-26 moderation 32768 - -
omni-moderation-latest moderation 32768 - -
text-embedding-3-large embedding 8191 - -
text-embedding-3-small embedding 8191 - -
text-embedding-ada-002 embedding 8191 - -
text-embedding-ada-002-v2 embedding 8191 - -
text-moderation-007 moderation 32768 - -
text-moderation-latest moderation 32768 - -
text-moderation-stable moderation 32768 - -
`,
  },
  anthropic: {
    sources: [],
    models: `
claude-3-7-sonnet-20250219 chat 200000 64000 vtsrdcw
claude-3-haiku-20240307 chat 200000 4096 vtsc
claude-3-opus-20240229 chat 200000 4096 vtsc
claude-4-opus-20250514 chat 200000 32000 vtsrdc
claude-4-sonnet-20250514 chat 1000000 64000 vtsrdcw
claude-fable-5 chat 1000000 128000 vtsrdc
claude-haiku-4-5 chat 200000 64000 vtsrdc
claude-haiku-4-5-20251001 chat 200000 64000 vtsrdc
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
claude-sonnet-4-20250514 chat 1000000 64000 vtsrdc
claude-sonnet-4-5 chat 200000 64000 vtsrdc
claude-sonnet-4-5-20250929 chat 200000 64000 vtsrdcw
claude-sonnet-4-6 chat 1000000 64000 vtsrdc
claude-sonnet-5 chat 1000000 128000 vtsrdc
`,
  },
  gemini: {
    sources: [
      "https://ai.google.dev/gemini-api/docs/models#gemini-robotics-er-1-5-preview",
      "https://ai.google.dev/gemini-api/docs/embeddings#model-versions",
      "https://ai.google.dev/gemini-api/docs/pricing",
      "https://ai.google.dev/pricing#2_0flash",
      "https://ai.google.dev/gemini-api/docs/pricing#gemini-2.0-flash-lite",
      "https://ai.google.dev/gemini-api/docs/models#gemini-2.5-flash-preview",
      "https://ai.google.dev/gemini-api/docs/models#gemini-2.5-flash-lite",
      "https://developers.googleblog.com/en/continuing-to-bring-you-our-latest-models-with-an-improved-gemini-2-5-flash-and-flash-lite-release/",
      "https://ai.google.dev/gemini-api/docs/models",
      "https://ai.google.dev/gemini-api/docs/pricing#gemini-3.1-flash-lite",
      "https://ai.google.dev/pricing/gemini-3",
      "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/models#foundation_models",
      "https://ai.google.dev/pricing",
    ],
    models: `
deep-research-pro-preview-12-2025 image 65536 - vscw
gemini-1.5-flash embedding 8192 - -
gemini-2.0-flash chat 1048576 8192 vtsaocw 0.1/0.4/0.025 4
gemini-2.0-flash-001 chat 1048576 8192 vtscw 0.1/0.4/0.025 4
gemini-2.0-flash-exp-image-generation image 32768 - v
gemini-2.0-flash-lite chat 1048576 8192 vtsocw 0.075/0.3/0.01875 5
gemini-2.0-flash-lite-001 chat 1048576 8192 vtsocw 0.075/0.3/0.01875 5
gemini-2.5-computer-use-preview-10-2025 chat 128000 64000 vt
gemini-2.5-flash chat 1048576 65535 vtsrdcw 0.3/2.5/0.03 6
gemini-2.5-flash-image image 32768 - vtsdcw
gemini-2.5-flash-lite chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 7
gemini-2.5-flash-lite-preview-06-17 chat 1048576 65535 vtsrdcw 0.1/0.4/0.025 7
gemini-2.5-flash-lite-preview-09-2025 chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 8
gemini-2.5-flash-native-audio-latest chat 1048576 8192 ao 0.3/2.5 13
gemini-2.5-flash-native-audio-preview-09-2025 chat 1048576 8192 ao 0.3/2.5 13
gemini-2.5-flash-native-audio-preview-12-2025 chat 1048576 8192 ao 0.3/2.5 13
gemini-2.5-flash-preview-09-2025 chat 1048576 65535 vtsrdcw 0.3/2.5/0.075 8
gemini-2.5-pro chat 1048576 65535 vtsradcw
gemini-2.5-pro-preview-tts chat 1048576 65535 vtscw
gemini-3-flash-preview chat 1048576 65535 vtsrdcw 0.5/3/0.05 11
gemini-3-pro-image image 65536 - vscw
gemini-3-pro-image-preview image 65536 - vscw
gemini-3-pro-preview chat 1048576 65535 vtsradcw
gemini-3.1-flash-image image 65536 - vscw
gemini-3.1-flash-image-preview image 65536 - vscw
gemini-3.1-flash-lite chat 1048576 65536 vtsradcw 0.25/1.5/0.025 10
gemini-3.1-flash-lite-preview chat 1048576 65536 vtsradcw 0.25/1.5/0.025 9
gemini-3.1-flash-live-preview chat 131072 65536 vtaow 0.75/4.5 3
gemini-3.1-pro-preview chat 1048576 65536 vtsradcw
gemini-3.1-pro-preview-customtools chat 1048576 65536 vtsradcw
gemini-3.5-flash chat 1048576 65535 vtsradcw 1.5/9/0.15 11
gemini-3.5-flash-lite chat 1048576 65536 vtsradcw 0.3/2.5/0.03 3
gemini-3.6-flash chat 1048576 65536 vtsradcw 1.5/7.5/0.15 11
gemini-embedding-001 embedding 2048 - - 0.15/0 2
gemini-embedding-2 embedding 8192 - - 0.2/0 3
gemini-embedding-2-preview embedding 8192 - - 0.2/0 3
gemini-exp-1114 chat 1048576 8192 vts
gemini-exp-1206 chat 1048576 65535 vtsrdcw 0.3/2.5/0.03 6
gemini-flash-latest chat 1048576 65535 vtsrdcw 0.3/2.5/0.03 6
gemini-flash-lite-latest chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 7
gemini-gemma-2-27b-it chat - 8192 vt 0.35/1.05 12
gemini-gemma-2-9b-it chat - 8192 vt 0.35/1.05 12
gemini-live-2.5-flash-preview-native-audio-09-2025 realtime 1048576 - vtsaodcw
gemini-omni-flash-preview chat 1048576 65535 vra 1.5/9 3
gemini-pro-latest chat 1048576 65535 vtsradcw
gemini-robotics-er-1.5-preview chat 1048576 65535 vtsrw 0.3/2.5/0 1
gemma-3-27b-it chat 131072 8192 vts
learnlm-1.5-pro-experimental chat 32767 8192 vts
lyria-3-clip-preview chat 131072 8192 o 0/0 3
lyria-3-pro-preview chat 131072 8192 o 0/0 3
`,
  },
  cohere: {
    sources: ["https://docs.cohere.com/v2/docs/command-r7b"],
    models: `
command completion 4096 4096 -
command-a-03-2025 chat 256000 8000 t
command-light chat 4096 4096 -
command-nightly completion 4096 4096 -
command-r chat 128000 4096 t
command-r-08-2024 chat 128000 4096 t
command-r-plus chat 128000 4096 t
command-r-plus-08-2024 chat 128000 4096 t
command-r7b-12-2024 chat 128000 4096 t 0.0375/0.15 1
embed-english-light-v2.0 embedding 1024 - -
embed-english-light-v3.0 embedding 1024 - -
embed-english-v2.0 embedding 4096 - -
embed-english-v3.0 embedding 1024 - -
embed-multilingual-light-v3.0 embedding 1024 - -
embed-multilingual-v2.0 embedding 768 - -
embed-multilingual-v3.0 embedding 1024 - -
embed-v4.0 embedding 128000 - -
rerank-english-v2.0 rerank 4096 - -
rerank-english-v3.0 rerank 4096 - -
rerank-multilingual-v2.0 rerank 4096 - -
rerank-multilingual-v3.0 rerank 4096 - -
rerank-v3.5 rerank 4096 - -
`,
  },
  mistral: {
    sources: [
      "https://mistral.ai/news/codestral-25-08",
      "https://mistral.ai/technology/",
      "https://mistral.ai/news/devstral",
      "https://docs.mistral.ai/models/devstral-small-2-25-12",
      "https://mistral.ai/news/devstral-2-vibe-cli",
      "https://mistral.ai/news/magistral",
      "https://mistral.ai/pricing#api-pricing",
      "https://docs.mistral.ai/models/mistral-large-3-25-12",
      "https://mistral.ai/news/mistral-medium-3",
      "https://docs.mistral.ai/models/model-cards/mistral-medium-3-5-26-04",
      "https://mistral.ai/pricing",
    ],
    models: `
codestral-2405 chat 32000 8191 s
codestral-2508 chat 256000 256000 ts 0.3/0.9 1
codestral-embed embedding 8192 - -
codestral-embed-2505 embedding 8192 - -
codestral-latest chat 32000 8191 s
codestral-mamba-latest chat 256000 256000 - 0.25/0.25 2
devstral-2512 chat 256000 256000 ts 0.4/2 5
devstral-latest chat 256000 256000 ts 0.4/2 5
devstral-medium-2507 chat 128000 128000 ts 0.4/2 3
devstral-medium-latest chat 256000 256000 ts 0.4/2 5
devstral-small-2505 chat 128000 128000 ts 0.1/0.3 3
devstral-small-2507 chat 128000 128000 ts 0.1/0.3 3
devstral-small-latest chat 256000 256000 ts 0.1/0.3 4
labs-devstral-small-2512 chat 256000 256000 ts 0.1/0.3 4
magistral-medium-1-2-2509 chat 40000 40000 tsr 2/5 6
magistral-medium-2506 chat 40000 40000 tsr 2/5 6
magistral-medium-2509 chat 40000 40000 tsr 2/5 6
magistral-medium-latest chat 40000 40000 tsr 2/5 6
magistral-small-1-2-2509 chat 40000 40000 tsr 0.5/1.5 7
magistral-small-2506 chat 40000 40000 tsr 0.5/1.5 7
magistral-small-latest chat 40000 40000 tsr 0.5/1.5 7
ministral-3-14b-2512 chat 262144 262144 vts 0.2/0.2 11
ministral-3-3b-2512 chat 131072 131072 vts 0.1/0.1 11
ministral-3-8b-2512 chat 262144 262144 vts 0.15/0.15 11
ministral-8b-2512 chat 262144 262144 vts 0.15/0.15 11
ministral-8b-latest chat 262144 262144 vts 0.15/0.15 11
mistral-embed embedding 8192 - -
mistral-large-2402 chat 32000 8191 ts
mistral-large-2407 chat 128000 128000 ts
mistral-large-2411 chat 128000 128000 ts
mistral-large-2512 chat 262144 262144 vts 0.5/1.5 8
mistral-large-3 chat 262144 262144 vts 0.5/1.5 8
mistral-large-latest chat 262144 262144 vts 0.5/1.5 8
mistral-medium chat 32000 8191 s
mistral-medium-2312 chat 32000 8191 s
mistral-medium-2505 chat 131072 8191 ts
mistral-medium-2508 chat 131072 131072 vts 0.4/2 9
mistral-medium-2604 chat 262144 262144 vtsr 1.5/7.5 10
mistral-medium-3-1-2508 chat 131072 131072 vts 0.4/2 9
mistral-medium-3-5 chat 262144 262144 vtsr 1.5/7.5 10
mistral-medium-latest chat 262144 262144 vtsr 1.5/7.5 10
mistral-small chat 32000 8191 ts
mistral-small-3-2-2506 chat 131072 131072 vts 0.06/0.18 11
mistral-small-latest chat 131072 131072 vts 0.06/0.18 11
mistral-tiny chat 32000 8191 s
open-codestral-mamba chat 256000 256000 - 0.25/0.25 2
open-mistral-7b chat 32000 8191 s
open-mistral-nemo chat 128000 128000 s 0.3/0.3 2
open-mistral-nemo-2407 chat 128000 128000 s 0.3/0.3 2
open-mixtral-8x22b chat 65336 8191 ts
open-mixtral-8x7b chat 32000 8191 ts
pixtral-12b-2409 chat 128000 128000 vts
pixtral-large-2411 chat 128000 128000 vts
pixtral-large-latest chat 128000 128000 vts
`,
  },
  deepseek: {
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
  },
  xai: {
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
grok-4.20-0309-reasoning chat 2000000 2000000 vtrw 2/6/0.2 2
grok-4.20-beta-0309-non-reasoning chat 2000000 2000000 vtcw 2/6/0.2 2
grok-4.20-beta-0309-reasoning chat 2000000 2000000 vtrcw 2/6/0.2 2
grok-4.20-multi-agent-beta-0309 chat 2000000 2000000 vtrcw 2/6/0.2 2
grok-4.3 chat 1000000 1000000 vtsrcw
grok-4.3-latest chat 1000000 1000000 vtsrcw
grok-4.5 chat 500000 500000 vtsrcw
grok-4.5-latest chat 500000 500000 vtsrcw
grok-beta chat 131072 131072 vtw
grok-code-fast chat 256000 256000 trc 0.2/1.5/0.02 2
grok-code-fast-1 chat 256000 256000 trc 0.2/1.5/0.02 2
grok-code-fast-1-0825 chat 256000 256000 trc 0.2/1.5/0.02 2
grok-vision-beta chat 8192 8192 vtw
`,
  },
  perplexity: {
    sources: ["https://docs.perplexity.ai/docs/embeddings/quickstart"],
    models: `
anthropic/claude-haiku-4-5 chat - - tw
anthropic/claude-opus-4-5 chat - - tw
anthropic/claude-opus-4-6 chat - - tw
anthropic/claude-opus-4-7 chat - - tw
anthropic/claude-sonnet-4-5 chat - - tw
codellama-34b-instruct chat 16384 16384 -
codellama-70b-instruct chat 16384 16384 -
google/gemini-2.5-flash chat - - tw
google/gemini-2.5-pro chat - - tw
google/gemini-3-flash-preview chat - - tw
google/gemini-3-pro-preview chat - - tw
llama-2-70b-chat chat 4096 4096 -
llama-3.1-70b-instruct chat 131072 131072 -
llama-3.1-8b-instruct chat 131072 131072 -
mistral-7b-instruct chat 4096 4096 -
mixtral-8x7b-instruct chat 4096 4096 -
openai/gpt-5-mini chat - - tw
openai/gpt-5.1 chat - - tw
openai/gpt-5.2 chat - - trw
perplexity/sonar chat - - tw
pplx-70b-chat chat 4096 4096 -
pplx-70b-online chat 4096 4096 -
pplx-7b-chat chat 8192 8192 -
pplx-7b-online chat 4096 4096 -
pplx-embed-v1-0.6b embedding 32768 - - 0.004/0 1
pplx-embed-v1-4b embedding 32768 - - 0.03/0 1
preset/advanced-deep-research chat - - tw
preset/deep-research chat - - tw
preset/fast-search chat - - tw
preset/pro-search chat - - tw
sonar chat 128000 - w
sonar-deep-research chat 128000 - rw
sonar-medium-chat chat 16384 16384 -
sonar-medium-online chat 12000 12000 -
sonar-pro chat 200000 8000 w
sonar-reasoning chat 128000 - rw
sonar-reasoning-pro chat 128000 - rw
sonar-small-chat chat 16384 16384 -
sonar-small-online chat 12000 12000 -
xai/grok-4-1-fast-non-reasoning chat - - tw
`,
  },
  moonshot: {
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
  },
  zhipu: {
    sources: ["https://docs.z.ai/guides/overview/pricing"],
    models: `
glm-4-32b-0414-128k chat 128000 32000 t 0.1/0.1 1
glm-4.5 chat 128000 32000 t 0.6/2.2 1
glm-4.5-air chat 128000 32000 t 0.2/1.1 1
glm-4.5-airx chat 128000 32000 t 1.1/4.5 1
glm-4.5-flash chat 128000 32000 t 0/0 1
glm-4.5-x chat 128000 32000 t 2.2/8.9 1
glm-4.5v chat 128000 32000 vt 0.6/1.8 1
glm-4.6 chat 200000 128000 trc 0.6/2.2/0.11 1
glm-4.7 chat 200000 128000 trc 0.6/2.2/0.11 1
glm-4.7-flash chat 200000 128000 trc 0/0/0 1
glm-5 chat 200000 128000 trc 1/3.2/0.2 1
glm-5-code chat 200000 128000 trc 1.2/5/0.3 1
glm-5.1 chat 200000 128000 trc 1.4/4.4/0.26 1
`,
  },
  qwen: {
    sources: [
      "https://www.alibabacloud.com/help/en/model-studio/models",
      "https://www.alibabacloud.com/help/en/model-studio/model-pricing",
    ],
    models: `
qwen-coder chat 1000000 16384 tr 0.3/1.5 1
qwen-flash chat 997952 32768 tr
qwen-flash-2025-07-28 chat 997952 32768 tr
qwen-max chat 30720 8192 tr 1.6/6.4 1
qwen-plus chat 129024 16384 tr 0.4/1.2 1
qwen-plus-2025-01-25 chat 129024 8192 tr 0.4/1.2 1
qwen-plus-2025-04-28 chat 129024 16384 tr 0.4/1.2 1
qwen-plus-2025-07-14 chat 129024 16384 tr 0.4/1.2 1
qwen-plus-2025-07-28 chat 997952 32768 tr
qwen-plus-2025-09-11 chat 997952 32768 tr
qwen-plus-latest chat 997952 32768 tr
qwen-turbo chat 129024 16384 tr 0.05/0.2 1
qwen-turbo-2024-11-01 chat 1000000 8192 tr 0.05/0.2 1
qwen-turbo-2025-04-28 chat 1000000 16384 tr 0.05/0.2 1
qwen-turbo-latest chat 1000000 16384 tr 0.05/0.2 1
qwen3-30b-a3b chat 129024 16384 tr
qwen3-coder-flash chat 997952 65536 tr
qwen3-coder-flash-2025-07-28 chat 997952 65536 tr
qwen3-coder-plus chat 997952 65536 tr
qwen3-coder-plus-2025-07-22 chat 997952 65536 tr
qwen3-max chat 258048 65536 tr
qwen3-max-2026-01-23 chat 258048 65536 tr
qwen3-max-preview chat 258048 65536 tr
qwen3-next-80b-a3b-instruct chat 262144 65536 t 0.15/1.2 2
qwen3-next-80b-a3b-thinking chat 262144 65536 tr 0.15/1.2 2
qwen3-vl-235b-a22b-instruct chat 131072 32768 vt 0.4/1.6 2
qwen3-vl-235b-a22b-thinking chat 131072 32768 vtr 0.4/4 2
qwen3-vl-32b-instruct chat 131072 32768 vt 0.16/0.64 2
qwen3-vl-32b-thinking chat 131072 32768 vtr 0.16/2.87 2
qwen3-vl-plus chat 260096 32768 vtr
qwen3.5-plus chat 991808 65536 vtr
qwq-plus chat 98304 8192 tr 0.8/2.4 1
`,
  },
  minimax: {
    sources: [],
    models: `
MiniMax-M2 chat 200000 8192 trc
MiniMax-M2.1 chat 1000000 8192 trc
MiniMax-M2.1-lightning chat 1000000 8192 trc
MiniMax-M2.5 chat 1000000 8192 trc
MiniMax-M2.5-lightning chat 1000000 8192 trc
MiniMax-M3 chat 1000000 128000 vtrc
`,
  },
  volcengine: {
    sources: [],
    models: `
deepseek-v3-2-251201 chat 98304 32768 trc
doubao-embedding embedding 4096 - -
doubao-embedding-large embedding 4096 - -
doubao-embedding-large-text-240915 embedding 4096 - -
doubao-embedding-large-text-250515 embedding 4096 - -
doubao-embedding-text-240715 embedding 4096 - -
doubao-seed-2-0-code-preview-260215 chat 256000 128000 vtr
doubao-seed-2-0-lite-260215 chat 256000 128000 vtr
doubao-seed-2-0-mini-260215 chat 256000 128000 vtr
doubao-seed-2-0-pro-260215 chat 256000 128000 vtr
glm-4-7-251222 chat 204800 131072 trc
kimi-k2-thinking-251104 chat 229376 32768 trc
`,
  },
  ai21: {
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
  },
  voyage: {
    sources: [],
    models: `
rerank-2 rerank 16000 - -
rerank-2-lite rerank 8000 - -
rerank-2.5 rerank 32000 - -
rerank-2.5-lite rerank 32000 - -
voyage-2 embedding 4000 - -
voyage-3 embedding 32000 - -
voyage-3-large embedding 32000 - -
voyage-3-lite embedding 32000 - -
voyage-3.5 embedding 32000 - -
voyage-3.5-lite embedding 32000 - -
voyage-code-2 embedding 16000 - -
voyage-code-3 embedding 32000 - -
voyage-context-3 embedding 120000 - -
voyage-finance-2 embedding 32000 - -
voyage-large-2 embedding 16000 - -
voyage-law-2 embedding 16000 - -
voyage-lite-01 embedding 4096 - -
voyage-lite-02-instruct embedding 4000 - -
voyage-multimodal-3 embedding 32000 - -
`,
  },
  jina: {
    sources: [],
    models: `
jina-reranker-v2-base-multilingual rerank 1024 - -
`,
  },
};
