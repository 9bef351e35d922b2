import type { FactsText } from "./facts-text.ts";

/** Collected on 2026-07-24 from public lists of models; what a price was taken from is in `sources`. */
export const CLOUDS: Readonly<Record<string, FactsText>> = {
  "azure-openai": {
    sources: [
      "https://azure.microsoft.com/en-us/blog/gpt-5-in-azure-ai-foundry-the-future-of-ai-apps-and-agents-starts-here/",
      "https://learn.microsoft.com/en-us/azure/ai-foundry/foundry-models/concepts/models-sold-directly-by-azure?pivots=azure-openai&tabs=global-standard-aoai%2Cstandard-chat-completions%2Cglobal-standard#gpt-5",
    ],
    models: `
ada embedding 8191 - -
codex-mini chat 200000 100000 vtsrdc
command-r-plus chat 128000 4096 t
computer-use-preview chat 8192 1024 vtsr
gpt-3.5-turbo chat 4097 4096 t
gpt-3.5-turbo-0125 chat 16384 4096 t
gpt-35-turbo chat 4097 4096 t
gpt-35-turbo-0125 chat 16384 4096 t
gpt-35-turbo-1106 chat 16384 4096 t
gpt-35-turbo-16k chat 16385 4096 -
gpt-35-turbo-16k-0613 chat 16385 4096 t
gpt-4 chat 8192 4096 t
gpt-4-0125-preview chat 128000 4096 t
gpt-4-0613 chat 8192 4096 t
gpt-4-1106-preview chat 128000 4096 t
gpt-4-32k chat 32768 4096 -
gpt-4-32k-0613 chat 32768 4096 -
gpt-4-turbo chat 128000 4096 t
gpt-4-turbo-2024-04-09 chat 128000 4096 vt
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
gpt-5-chat chat 128000 16384 vtsrdc 1.25/10/0.125 1
gpt-5-chat-latest chat 128000 16384 vtsrdc
gpt-5-codex chat 272000 128000 vtsrdc
gpt-5-mini chat 272000 128000 vtsrdc
gpt-5-mini-2025-08-07 chat 272000 128000 vtsrdc
gpt-5-nano chat 272000 128000 vtsrdc
gpt-5-nano-2025-08-07 chat 272000 128000 vtsrdc
gpt-5-pro chat 272000 128000 vtsrdc 15/120 2
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
gpt-image-2 image - - vd
gpt-image-2-2026-04-21 image - - vd
gpt-realtime-1.5-2026-02-23 realtime 32000 - tao
gpt-realtime-2025-08-28 realtime 32000 - tao
gpt-realtime-mini-2025-10-06 realtime 32000 - tao
gpt-realtime-whisper transcription - - a
mistral-large-2402 chat 32000 - t
mistral-large-latest chat 32000 - t
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
text-embedding-3-large embedding 8191 - -
text-embedding-3-small embedding 8191 - -
text-embedding-ada-002 embedding 8191 - -
`,
  },
  "vertex-ai": {
    sources: [
      "https://ai.google.dev/pricing#2_0flash",
      "https://cloud.google.com/vertex-ai/generative-ai/pricing",
      "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/models#gemini-2.0-flash",
      "https://ai.google.dev/gemini-api/docs/models#gemini-2.5-flash-preview",
      "https://ai.google.dev/gemini-api/docs/models",
      "https://ai.google.dev/gemini-api/docs/pricing#gemini-3.1-flash-lite",
      "https://ai.google.dev/gemini-api/docs/pricing",
      "https://developers.googleblog.com/en/continuing-to-bring-you-our-latest-models-with-an-improved-gemini-2-5-flash-and-flash-lite-release/",
      "https://ai.google.dev/gemini-api/docs/models#gemini-robotics-er-1-5-preview",
      "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/models",
      "https://ai.google.dev/pricing/gemini-3",
      "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/gemini/omni-flash-preview",
      "https://cloud.google.com/vertex-ai/generative-ai/pricing#gemini-models",
    ],
    models: `
deep-research-pro-preview-12-2025 image 65536 - vscw
gemini-2.0-flash chat 1048576 8192 vtsaocw 0.1/0.4/0.025 1
gemini-2.0-flash-001 chat 1048576 8192 vtsocw 0.15/0.6/0.0375 2
gemini-2.0-flash-lite chat 1048576 8192 vtsocw 0.075/0.3/0.01875 3
gemini-2.0-flash-lite-001 chat 1048576 8192 vtsocw 0.075/0.3/0.01875 3
gemini-2.5-computer-use-preview-10-2025 chat 128000 64000 vt
gemini-2.5-flash chat 1048576 65535 vtsrdcw 0.3/2.5/0.03 4
gemini-2.5-flash-image image 32768 - vtsdc
gemini-2.5-flash-lite chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 4
gemini-2.5-flash-lite-preview-06-17 chat 1048576 65535 vtsrdcw 0.1/0.4/0.025 4
gemini-2.5-flash-lite-preview-09-2025 chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 8
gemini-2.5-flash-preview-09-2025 chat 1048576 65535 vtsrdcw 0.3/2.5/0.075 8
gemini-2.5-pro chat 1048576 65535 vtsradcw
gemini-2.5-pro-preview-tts chat 1048576 65535 vtscw
gemini-3-flash-preview chat 1048576 65535 vtsrdcw 0.5/3/0.05 11
gemini-3-pro-image image 65536 - vscw
gemini-3-pro-image-preview image 65536 - vscw
gemini-3-pro-preview chat 1048576 65535 vtsradcw
gemini-3.1-flash-image image 65536 - vscw
gemini-3.1-flash-image-preview image 65536 - vscw
gemini-3.1-flash-lite chat 1048576 65536 vtsradcw 0.25/1.5/0.025 13
gemini-3.1-flash-lite-preview chat 1048576 65536 vtsradcw 0.25/1.5/0.025 13
gemini-3.1-pro-preview chat 1048576 65536 vtsradcw
gemini-3.1-pro-preview-customtools chat 1048576 65536 vtsradcw
gemini-3.5-flash chat 1048576 65535 vtsradcw 1.5/9/0.15 11
gemini-3.5-flash-lite chat 1048576 65536 vtsradcw 0.3/2.5/0.03 13
gemini-3.6-flash chat 1048576 65536 vtsradcw 1.5/7.5/0.15 11
gemini-embedding-001 embedding 2048 - - 0.15/0 10
gemini-embedding-2 embedding 8192 - - 0.2/0 2
gemini-embedding-2-preview embedding 8192 - - 0.2/0 2
gemini-flash-experimental embedding 1000000 - - 0/0 2
gemini-live-2.5-flash-preview-native-audio-09-2025 realtime 1048576 - vtsaodcw
gemini-omni-flash-preview chat 1048576 65535 vra 1.5/9 12
gemini-robotics-er-1.5-preview chat 1048576 65535 vtsr 0.3/2.5/0 9
medlm-large chat 8192 1024 -
medlm-medium chat 32768 8192 -
multimodalembedding embedding 2048 - -
multimodalembedding@001 embedding 2048 - -
text-embedding-004 embedding 2048 - - 0.1/0 10
text-embedding-005 embedding 2048 - - 0.1/0 10
text-embedding-large-exp-03-07 embedding 8192 - - 0.1/0 10
text-embedding-preview-0409 embedding 3072 - - 0.00625/0 2
text-multilingual-embedding-002 embedding 2048 - - 0.1/0 10
`,
  },
  bedrock: {
    sources: [
      "https://us-east-1.console.aws.amazon.com/bedrock/home?region=us-east-1#/model-catalog/serverless/amazon.nova-2-multimodal-embeddings-v1:0",
      "https://us-east-1.console.aws.amazon.com/bedrock/home?region=us-east-1#/providers?model=amazon.titan-image-generator-v1",
      "https://aws.amazon.com/about-aws/whats-new/2025/10/claude-4-5-haiku-anthropic-amazon-bedrock",
      "https://aws.amazon.com/bedrock/pricing/",
    ],
    models: `
ai21.j2-mid-v1 chat 8191 8191 -
ai21.j2-ultra-v1 chat 8191 8191 -
ai21.jamba-1-5-large-v1:0 chat 256000 256000 -
ai21.jamba-1-5-mini-v1:0 chat 256000 256000 -
ai21.jamba-instruct-v1:0 chat 70000 4096 -
amazon.nova-2-lite-v1:0 chat 1000000 64000 vtsrdc
amazon.nova-2-multimodal-embeddings-v1:0 embedding 8172 - a 0.135/0 1
amazon.nova-2-pro-preview-20251202-v1:0 chat 1000000 64000 vtsrdc
amazon.nova-canvas-v1:0 image 2600 - -
amazon.nova-lite-v1:0 chat 300000 10000 vtsdc
amazon.nova-micro-v1:0 chat 128000 10000 tsc
amazon.nova-pro-v1:0 chat 300000 10000 vtsdc
amazon.rerank-v1:0 rerank 32000 - -
amazon.titan-embed-g1-text-02 embedding 8192 - -
amazon.titan-embed-image-v1 embedding 128 - - 0.8/0 2
amazon.titan-embed-text-v1 embedding 8192 - -
amazon.titan-embed-text-v2:0 embedding 8192 - -
amazon.titan-text-express-v1 chat 42000 8000 -
amazon.titan-text-lite-v1 chat 42000 4000 -
amazon.titan-text-premier-v1:0 chat 42000 32000 -
anthropic.claude-3-5-haiku-20241022-v1:0 chat 200000 8192 tsdc
anthropic.claude-3-5-sonnet-20240620-v1:0 chat 1000000 4096 vtsd
anthropic.claude-3-5-sonnet-20241022-v2:0 chat 1000000 8192 vtsdc
anthropic.claude-3-7-sonnet-20240620-v1:0 chat 200000 8192 vtsrdc
anthropic.claude-3-7-sonnet-20250219-v1:0 chat 200000 8192 vtsrdc
anthropic.claude-3-haiku-20240307-v1:0 chat 200000 4096 vtsd
anthropic.claude-3-opus-20240229-v1:0 chat 200000 4096 vts
anthropic.claude-3-sonnet-20240229-v1:0 chat 200000 4096 vtsd
anthropic.claude-fable-5 chat 1000000 128000 vtsrdc
anthropic.claude-haiku-4-5-20251001-v1:0 chat 200000 64000 vtsrdc
anthropic.claude-haiku-4-5@20251001 chat 200000 64000 vtsrdc
anthropic.claude-instant-v1 chat 100000 8191 -
anthropic.claude-mythos-preview chat 1000000 128000 vtr
anthropic.claude-opus-4-1-20250805-v1:0 chat 200000 32000 vtsrdc
anthropic.claude-opus-4-20250514-v1:0 chat 200000 32000 vtsrdc
anthropic.claude-opus-4-5-20251101-v1:0 chat 200000 64000 vtsrdc
anthropic.claude-opus-4-6-v1 chat 1000000 128000 vtsrdc
anthropic.claude-opus-4-7 chat 1000000 128000 vtsrdc
anthropic.claude-opus-4-8 chat 1000000 128000 vtsrdc
anthropic.claude-opus-5 chat 1000000 128000 vtsrdc
anthropic.claude-sonnet-4-20250514-v1:0 chat 1000000 64000 vtsrdc
anthropic.claude-sonnet-4-5-20250929-v1:0 chat 200000 64000 vtsrdc
anthropic.claude-sonnet-4-6 chat 1000000 64000 vtsrdc
anthropic.claude-sonnet-5 chat 1000000 128000 vtsrdc
anthropic.claude-v1 chat 100000 8191 -
anthropic.claude-v2:1 chat 100000 8191 -
apac.amazon.nova-2-lite-v1:0 chat 1000000 64000 vtsrdc
apac.amazon.nova-2-pro-preview-20251202-v1:0 chat 1000000 64000 vtsrdc
apac.amazon.nova-lite-v1:0 chat 300000 10000 vtsdc
apac.amazon.nova-micro-v1:0 chat 128000 10000 tsc
apac.amazon.nova-pro-v1:0 chat 300000 10000 vtsdc
apac.anthropic.claude-3-5-sonnet-20240620-v1:0 chat 200000 4096 vtsd
apac.anthropic.claude-3-5-sonnet-20241022-v2:0 chat 200000 8192 vtsdc
apac.anthropic.claude-3-haiku-20240307-v1:0 chat 200000 4096 vtsd
apac.anthropic.claude-3-sonnet-20240229-v1:0 chat 200000 4096 vtsd
apac.anthropic.claude-haiku-4-5-20251001-v1:0 chat 200000 64000 vtsrdc 1.1/5.5/0.11 3
apac.anthropic.claude-sonnet-4-20250514-v1:0 chat 1000000 64000 vtsrdc
au.anthropic.claude-haiku-4-5-20251001-v1:0 chat 200000 64000 vtsrdc
au.anthropic.claude-opus-4-6-v1 chat 1000000 128000 vtsrdc
au.anthropic.claude-opus-4-7 chat 1000000 128000 vtsrdc
au.anthropic.claude-opus-4-8 chat 1000000 128000 vtsrdc
au.anthropic.claude-opus-5 chat 1000000 128000 vtsrdc
au.anthropic.claude-sonnet-4-5-20250929-v1:0 chat 200000 64000 vtsrdc
au.anthropic.claude-sonnet-4-6 chat 1000000 64000 vtsrdc
au.anthropic.claude-sonnet-5 chat 1000000 128000 vtsrdc
claude-sonnet-4-5-20250929-v1:0 chat 200000 64000 vtsrdc
cohere.command-light-text-v14 chat 4096 4096 -
cohere.command-r-plus-v1:0 chat 128000 4096 -
cohere.command-r-v1:0 chat 128000 4096 -
cohere.command-text-v14 chat 4096 4096 -
cohere.embed-english-v3 embedding 512 - -
cohere.embed-multilingual-v3 embedding 512 - -
cohere.embed-v4:0 embedding 128000 - -
cohere.rerank-v3-5:0 rerank 32000 - -
deepseek.v3-v1:0 chat 163840 81920 tr
deepseek.v3.2 chat 163840 163840 tr 0.62/1.85 4
eu.amazon.nova-2-lite-v1:0 chat 1000000 64000 vtsrdc
eu.amazon.nova-2-pro-preview-20251202-v1:0 chat 1000000 64000 vtsrdc
eu.amazon.nova-lite-v1:0 chat 300000 10000 vtsdc
eu.amazon.nova-micro-v1:0 chat 128000 10000 tsc
eu.amazon.nova-pro-v1:0 chat 300000 10000 vtsdc 1.05/4.2 4
eu.anthropic.claude-3-5-haiku-20241022-v1:0 chat 200000 8192 tsdc
eu.anthropic.claude-3-5-sonnet-20240620-v1:0 chat 200000 4096 vtsd
eu.anthropic.claude-3-5-sonnet-20241022-v2:0 chat 200000 8192 vtsdc
eu.anthropic.claude-3-7-sonnet-20250219-v1:0 chat 200000 8192 vtsrdc
eu.anthropic.claude-3-haiku-20240307-v1:0 chat 200000 4096 vtsd
eu.anthropic.claude-3-opus-20240229-v1:0 chat 200000 4096 vts
eu.anthropic.claude-3-sonnet-20240229-v1:0 chat 200000 4096 vtsd
eu.anthropic.claude-fable-5 chat 1000000 128000 vtsrdc
eu.anthropic.claude-haiku-4-5-20251001-v1:0 chat 200000 64000 vtsrdc
eu.anthropic.claude-opus-4-1-20250805-v1:0 chat 200000 32000 vtsrdc
eu.anthropic.claude-opus-4-20250514-v1:0 chat 200000 32000 vtsrdc
eu.anthropic.claude-opus-4-5-20251101-v1:0 chat 200000 64000 vtsrdc
eu.anthropic.claude-opus-4-6-v1 chat 1000000 128000 vtsrdc
eu.anthropic.claude-opus-4-7 chat 1000000 128000 vtsrdc
eu.anthropic.claude-opus-4-8 chat 1000000 128000 vtsrdc
eu.anthropic.claude-opus-5 chat 1000000 128000 vtsrdc
eu.anthropic.claude-sonnet-4-20250514-v1:0 chat 1000000 64000 vtsrdc
eu.anthropic.claude-sonnet-4-5-20250929-v1:0 chat 200000 64000 vtsrdc
eu.anthropic.claude-sonnet-4-6 chat 1000000 64000 vtsrdc
eu.anthropic.claude-sonnet-5 chat 1000000 128000 vtsrdc
eu.deepseek.v3.2 chat 163840 163840 tr
eu.meta.llama3-2-1b-instruct-v1:0 chat 128000 4096 t
eu.meta.llama3-2-3b-instruct-v1:0 chat 128000 4096 t
eu.mistral.pixtral-large-2502-v1:0 chat 128000 4096 t
eu.twelvelabs.marengo-embed-2-7-v1:0 embedding 77 - -
global.amazon.nova-2-lite-v1:0 chat 1000000 64000 vtsrdc
global.anthropic.claude-fable-5 chat 1000000 128000 vtsrdc
global.anthropic.claude-haiku-4-5-20251001-v1:0 chat 200000 64000 vtsrdc
global.anthropic.claude-opus-4-5-20251101-v1:0 chat 200000 64000 vtsrdc
global.anthropic.claude-opus-4-6-v1 chat 1000000 128000 vtsrdc
global.anthropic.claude-opus-4-7 chat 1000000 128000 vtsrdc
global.anthropic.claude-opus-4-8 chat 1000000 128000 vtsrdc
global.anthropic.claude-opus-5 chat 1000000 128000 vtsrdc
global.anthropic.claude-sonnet-4-20250514-v1:0 chat 1000000 64000 vtsrdc
global.anthropic.claude-sonnet-4-5-20250929-v1:0 chat 200000 64000 vtsrdc
global.anthropic.claude-sonnet-4-6 chat 1000000 64000 vtsrdc
global.anthropic.claude-sonnet-5 chat 1000000 128000 vtsrdc
google.gemma-3-12b-it chat 128000 8192 v
google.gemma-3-27b-it chat 128000 8192 v
google.gemma-3-4b-it chat 128000 8192 v
jp.anthropic.claude-haiku-4-5-20251001-v1:0 chat 200000 64000 vtsrdc
jp.anthropic.claude-opus-4-7 chat 1000000 128000 vtsrdc
jp.anthropic.claude-opus-4-8 chat 1000000 128000 vtsrdc
jp.anthropic.claude-opus-5 chat 1000000 128000 vtsrdc
jp.anthropic.claude-sonnet-4-5-20250929-v1:0 chat 200000 64000 vtsrdc
jp.anthropic.claude-sonnet-4-6 chat 1000000 64000 vtsrdc
jp.anthropic.claude-sonnet-5 chat 1000000 128000 vtsrdc
meta.llama2-13b-chat-v1 chat 4096 4096 -
meta.llama2-70b-chat-v1 chat 4096 4096 -
meta.llama3-1-405b-instruct-v1:0 chat 128000 4096 t
meta.llama3-1-70b-instruct-v1:0 chat 128000 2048 t
meta.llama3-1-8b-instruct-v1:0 chat 128000 2048 t
meta.llama3-2-11b-instruct-v1:0 chat 128000 4096 vt
meta.llama3-2-1b-instruct-v1:0 chat 128000 4096 t
meta.llama3-2-3b-instruct-v1:0 chat 128000 4096 t
meta.llama3-2-90b-instruct-v1:0 chat 128000 4096 vt
meta.llama3-3-70b-instruct-v1:0 chat 128000 4096 t
meta.llama3-70b-instruct-v1:0 chat 8192 8192 -
meta.llama3-8b-instruct-v1:0 chat 8192 8192 -
meta.llama4-maverick-17b-instruct-v1:0 chat 128000 4096 t
meta.llama4-scout-17b-instruct-v1:0 chat 128000 4096 t
minimax.minimax-m2 chat 128000 8192 -
minimax.minimax-m2.1 chat 196000 8192 t 0.3/1.2 4
minimax.minimax-m2.5 chat 1000000 8192 t 0.3/1.2 4
mistral.devstral-2-123b chat 256000 8192 t 0.4/2 4
mistral.magistral-small-2509 chat 128000 8192 tr
mistral.ministral-3-14b-instruct chat 128000 8192 t
mistral.ministral-3-3b-instruct chat 128000 8192 t
mistral.ministral-3-8b-instruct chat 128000 8192 t
mistral.mistral-7b-instruct-v0:2 chat 32000 8191 -
mistral.mistral-large-2402-v1:0 chat 32000 8191 t
mistral.mistral-large-2407-v1:0 chat 128000 8191 t
mistral.mistral-large-3-675b-instruct chat 128000 8192 t
mistral.mistral-small-2402-v1:0 chat 32000 8191 t
mistral.mixtral-8x7b-instruct-v0:1 chat 32000 8191 -
mistral.voxtral-mini-3b-2507 chat 128000 8192 a
mistral.voxtral-small-24b-2507 chat 128000 8192 a
moonshot.kimi-k2-thinking chat 128000 8192 r
moonshotai.kimi-k2.5 chat 262144 262144 vt 0.6/3 4
nvidia.nemotron-nano-12b-v2 chat 128000 8192 v
nvidia.nemotron-nano-3-30b chat 262144 8192 t 0.06/0.24 4
nvidia.nemotron-nano-9b-v2 chat 128000 8192 -
nvidia.nemotron-super-3-120b chat 256000 32768 tr 0.15/0.65 4
openai.gpt-oss-120b-1:0 chat 128000 128000 tsr
openai.gpt-oss-20b-1:0 chat 128000 128000 tsr
openai.gpt-oss-safeguard-120b chat 128000 8192 -
openai.gpt-oss-safeguard-20b chat 128000 8192 -
qwen.qwen3-235b-a22b-2507-v1:0 chat 262144 131072 tr
qwen.qwen3-32b-v1:0 chat 131072 16384 tr
qwen.qwen3-coder-30b-a3b-v1:0 chat 262144 131072 tr
qwen.qwen3-coder-480b-a35b-v1:0 chat 262000 65536 tr
qwen.qwen3-coder-next chat 262144 8192 t 0.5/1.2 4
qwen.qwen3-next-80b-a3b chat 128000 8192 t
qwen.qwen3-vl-235b-a22b chat 128000 8192 vt
stability.sd3-5-large-v1:0 image 77 - -
stability.sd3-large-v1:0 image 77 - -
stability.stable-conservative-upscale-v1:0 image 77 - -
stability.stable-creative-upscale-v1:0 image 77 - -
stability.stable-fast-upscale-v1:0 image 77 - -
stability.stable-image-control-sketch-v1:0 image 77 - -
stability.stable-image-control-structure-v1:0 image 77 - -
stability.stable-image-core-v1:0 image 77 - -
stability.stable-image-core-v1:1 image 77 - -
stability.stable-image-erase-object-v1:0 image 77 - -
stability.stable-image-inpaint-v1:0 image 77 - -
stability.stable-image-remove-background-v1:0 image 77 - -
stability.stable-image-search-recolor-v1:0 image 77 - -
stability.stable-image-search-replace-v1:0 image 77 - -
stability.stable-image-style-guide-v1:0 image 77 - -
stability.stable-image-ultra-v1:0 image 77 - -
stability.stable-image-ultra-v1:1 image 77 - -
stability.stable-outpaint-v1:0 image 77 - -
stability.stable-style-transfer-v1:0 image 77 - -
twelvelabs.marengo-embed-2-7-v1:0 embedding 77 - -
us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0 chat 200000 64000 vtsrdc
us.amazon.nova-2-lite-v1:0 chat 1000000 64000 vtsrdc
us.amazon.nova-2-pro-preview-20251202-v1:0 chat 1000000 64000 vtsrdc
us.amazon.nova-canvas-v1:0 image 2600 - -
us.amazon.nova-lite-v1:0 chat 300000 10000 vtsdc
us.amazon.nova-micro-v1:0 chat 128000 10000 tsc
us.amazon.nova-premier-v1:0 chat 1000000 10000 vtsd
us.amazon.nova-pro-v1:0 chat 300000 10000 vtsdc
us.anthropic.claude-3-5-haiku-20241022-v1:0 chat 200000 8192 tsdc
us.anthropic.claude-3-5-sonnet-20240620-v1:0 chat 200000 4096 vtsd
us.anthropic.claude-3-5-sonnet-20241022-v2:0 chat 200000 8192 vtsdc
us.anthropic.claude-3-7-sonnet-20250219-v1:0 chat 200000 8192 vtsrdc
us.anthropic.claude-3-haiku-20240307-v1:0 chat 200000 4096 vtsd
us.anthropic.claude-3-opus-20240229-v1:0 chat 200000 4096 vts
us.anthropic.claude-3-sonnet-20240229-v1:0 chat 200000 4096 vtsd
us.anthropic.claude-fable-5 chat 1000000 128000 vtsrdc
us.anthropic.claude-haiku-4-5-20251001-v1:0 chat 200000 64000 vtsrdc
us.anthropic.claude-opus-4-1-20250805-v1:0 chat 200000 32000 vtsrdc
us.anthropic.claude-opus-4-20250514-v1:0 chat 200000 32000 vtsrdc
us.anthropic.claude-opus-4-5-20251101-v1:0 chat 200000 64000 vtsrdc
us.anthropic.claude-opus-4-6-v1 chat 1000000 128000 vtsrdc
us.anthropic.claude-opus-4-7 chat 1000000 128000 vtsrdc
us.anthropic.claude-opus-4-8 chat 1000000 128000 vtsrdc
us.anthropic.claude-opus-5 chat 1000000 128000 vtsrdc
us.anthropic.claude-sonnet-4-20250514-v1:0 chat 1000000 64000 vtsrdc
us.anthropic.claude-sonnet-4-5-20250929-v1:0 chat 200000 64000 vtsrdc
us.anthropic.claude-sonnet-4-6 chat 1000000 64000 vtsrdc
us.anthropic.claude-sonnet-5 chat 1000000 128000 vtsrdc
us.deepseek.r1-v1:0 chat 128000 4096 r
us.deepseek.v3.2 chat 163840 163840 tr
us.meta.llama3-1-405b-instruct-v1:0 chat 128000 4096 t
us.meta.llama3-1-70b-instruct-v1:0 chat 128000 2048 t
us.meta.llama3-1-8b-instruct-v1:0 chat 128000 2048 t
us.meta.llama3-2-11b-instruct-v1:0 chat 128000 4096 vt
us.meta.llama3-2-1b-instruct-v1:0 chat 128000 4096 t
us.meta.llama3-2-3b-instruct-v1:0 chat 128000 4096 t
us.meta.llama3-2-90b-instruct-v1:0 chat 128000 4096 vt
us.meta.llama3-3-70b-instruct-v1:0 chat 128000 4096 t
us.meta.llama4-maverick-17b-instruct-v1:0 chat 128000 4096 t
us.meta.llama4-scout-17b-instruct-v1:0 chat 128000 4096 t
us.mistral.pixtral-large-2502-v1:0 chat 128000 4096 t
us.twelvelabs.marengo-embed-2-7-v1:0 embedding 77 - -
us.writer.palmyra-x4-v1:0 chat 128000 8192 td
us.writer.palmyra-x5-v1:0 chat 1000000 8192 td
writer.palmyra-x4-v1:0 chat 128000 8192 td
writer.palmyra-x5-v1:0 chat 1000000 8192 td
zai.glm-4.7 chat 200000 128000 tr 0.6/2.2 4
zai.glm-4.7-flash chat 200000 128000 tr 0.07/0.4 4
zai.glm-5 chat 200000 128000 tr 1/3.2 4
`,
  },
  cloudflare: {
    sources: [],
    models: `
@cf/aisingapore/gemma-sea-lion-v4-27b-it chat 128000 128000 -
@cf/deepseek-ai/deepseek-r1-distill-qwen-32b chat 80000 80000 r
@cf/google/gemma-2b-it-lora chat 8192 8192 -
@cf/google/gemma-4-26b-a4b-it chat 256000 256000 tr
@cf/google/gemma-7b-it-lora chat 3500 3500 -
@cf/ibm-granite/granite-4.0-h-micro chat 131000 131000 t
@cf/meta-llama/llama-2-7b-chat-hf-lora chat 8192 8192 -
@cf/meta/llama-2-7b-chat-fp16 chat 3072 3072 -
@cf/meta/llama-2-7b-chat-int8 chat 2048 2048 -
@cf/meta/llama-3.1-8b-instruct-fp8 chat 32000 32000 -
@cf/meta/llama-3.2-11b-vision-instruct chat 128000 128000 v
@cf/meta/llama-3.2-1b-instruct chat 60000 60000 -
@cf/meta/llama-3.2-3b-instruct chat 80000 80000 -
@cf/meta/llama-3.3-70b-instruct-fp8-fast chat 24000 24000 t
@cf/meta/llama-4-scout-17b-16e-instruct chat 131000 131000 t
@cf/meta/llama-guard-3-8b chat 131072 131072 -
@cf/mistral/mistral-7b-instruct-v0.1 chat 8192 8192 -
@cf/mistral/mistral-7b-instruct-v0.2-lora chat 15000 15000 -
@cf/mistralai/mistral-small-3.1-24b-instruct chat 128000 128000 t
@cf/moonshotai/kimi-k2.6 chat 262144 262144 tr
@cf/moonshotai/kimi-k2.7-code chat 262144 262144 tr
@cf/nvidia/nemotron-3-120b-a12b chat 256000 256000 tr
@cf/openai/gpt-oss-120b chat 128000 128000 tr
@cf/openai/gpt-oss-20b chat 128000 128000 tr
@cf/qwen/qwen2.5-coder-32b-instruct chat 32768 32768 -
@cf/qwen/qwen3-30b-a3b-fp8 chat 32768 32768 tr
@cf/qwen/qwq-32b chat 24000 24000 r
@cf/zai-org/glm-4.7-flash chat 131072 131072 tr
@cf/zai-org/glm-5.2 chat 262144 262144 tr
@hf/thebloke/codellama-7b-instruct-awq chat 4096 4096 -
`,
  },
  databricks: {
    sources: [
      "https://www.databricks.com/product/pricing/foundation-model-serving",
      "https://www.databricks.com/product/pricing/proprietary-foundation-model-serving",
    ],
    models: `
databricks-bge-large-en embedding 512 - - 0.10003/0 1
databricks-claude-3-7-sonnet chat 200000 128000 tr 2.99999/15 2
databricks-claude-haiku-4-5 chat 200000 64000 tr 1.00002/5.00003 2
databricks-claude-opus-4 chat 200000 32000 tr 15/75 2
databricks-claude-opus-4-1 chat 200000 32000 tr 15/75 2
databricks-claude-opus-4-5 chat 200000 64000 tr 5.00003/25 2
databricks-claude-sonnet-4 chat 200000 64000 tr 2.99999/15 2
databricks-claude-sonnet-4-1 chat 200000 64000 tr 2.99999/15 2
databricks-claude-sonnet-4-5 chat 200000 64000 tr 2.99999/15 2
databricks-gemini-2-5-flash chat 1048576 65535 t 0.30002/2.49998 2
databricks-gemini-2-5-pro chat 1048576 65536 t 1.24999/9.99999 2
databricks-gemma-3-12b chat 128000 32000 - 0.15001/0.50001 1
databricks-gpt-5 chat 272000 128000 - 1.24999/9.99999 2
databricks-gpt-5-1 chat 272000 128000 - 1.24999/9.99999 2
databricks-gpt-5-mini chat 272000 128000 - 0.24997/1.99997 2
databricks-gpt-5-nano chat 272000 128000 - 0.04998/0.39998 2
databricks-gpt-oss-120b chat 131072 131072 - 0.15001/0.59997 1
databricks-gpt-oss-20b chat 131072 131072 - 0.07/0.30002 1
databricks-gte-large-en embedding 8192 - - 0.12999/0 1
databricks-llama-2-70b-chat chat 4096 4096 - 0.50001/1.50003 1
databricks-llama-4-maverick chat 128000 128000 - 0.50001/1.50003 1
databricks-meta-llama-3-1-405b-instruct chat 128000 128000 - 5.00003/15 1
databricks-meta-llama-3-1-8b-instruct chat 200000 128000 - 0.15001/0.45003 1
databricks-meta-llama-3-3-70b-instruct chat 128000 128000 - 0.50001/1.50003 1
databricks-meta-llama-3-70b-instruct chat 128000 128000 - 1.00002/2.99999 1
databricks-mixtral-8x7b-instruct chat 4096 4096 - 0.50001/1.00002 1
databricks-mpt-30b-instruct chat 8192 8192 - 1.00002/1.00002 1
databricks-mpt-7b-instruct chat 8192 8192 - 0.50001/0 1
`,
  },
};
