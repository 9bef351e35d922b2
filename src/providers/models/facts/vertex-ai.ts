import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://models.dev",
    "https://ai.google.dev/pricing#2_0flash",
    "https://cloud.google.com/vertex-ai/generative-ai/pricing",
    "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/models#gemini-2.0-flash",
    "https://ai.google.dev/gemini-api/docs/models#gemini-2.5-flash-preview",
    "https://developers.googleblog.com/en/continuing-to-bring-you-our-latest-models-with-an-improved-gemini-2-5-flash-and-flash-lite-release/",
    "https://ai.google.dev/pricing/gemini-3",
    "https://cloud.google.com/vertex-ai/generative-ai/pricing#gemini-models",
    "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/models",
    "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/gemini/omni-flash-preview",
    "https://ai.google.dev/gemini-api/docs/models#gemini-robotics-er-1-5-preview",
  ],
  models: `
deep-research-pro-preview-12-2025 image 65536 - vscw
deepseek-ai/deepseek-v3.1-maas chat 163840 32768 tsrd 0.6/1.7 1
deepseek-ai/deepseek-v3.2-maas chat 163840 65536 tsrdc 0.56/1.68/0.056 1
gemini-2.0-flash chat 1048576 8192 vtsaocw 0.1/0.4/0.025 2
gemini-2.0-flash-001 chat 1048576 8192 vtsocw 0.15/0.6/0.0375 3
gemini-2.0-flash-lite chat 1048576 8192 vtsocw 0.075/0.3/0.01875 4
gemini-2.0-flash-lite-001 chat 1048576 8192 vtsocw 0.075/0.3/0.01875 4
gemini-2.5-computer-use-preview-10-2025 chat 128000 64000 vt
gemini-2.5-flash chat 1048576 65535 vtsrdcw 0.3/2.5/0.03 5
gemini-2.5-flash-image image 32768 - vtsdc
gemini-2.5-flash-lite chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 5
gemini-2.5-flash-lite-preview-06-17 chat 1048576 65535 vtsrdcw 0.1/0.4/0.025 5
gemini-2.5-flash-lite-preview-09-2025 chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 6
gemini-2.5-flash-preview-09-2025 chat 1048576 65535 vtsrdcw 0.3/2.5/0.075 6
gemini-2.5-flash-tts speech 32768 16384 -
gemini-2.5-pro chat 1048576 65535 vtsradcw
gemini-2.5-pro-preview-tts speech 8192 16384 -
gemini-2.5-pro-tts speech 32768 16384 -
gemini-3-flash-preview chat 1048576 65535 vtsrdcw 0.5/3/0.05 7
gemini-3-pro-image image 65536 - vscw
gemini-3-pro-image-preview image 65536 - vscw
gemini-3-pro-preview chat 1048576 65535 vtsradcw
gemini-3.1-flash-image image 65536 - vscw
gemini-3.1-flash-image-preview image 65536 - vscw
gemini-3.1-flash-lite chat 1048576 65536 vtsradcw 0.25/1.5/0.025 8
gemini-3.1-flash-lite-preview chat 1048576 65536 vtsradcw 0.25/1.5/0.025 8
gemini-3.1-pro-preview chat 1048576 65536 vtsradcw
gemini-3.1-pro-preview-customtools chat 1048576 65536 vtsradcw
gemini-3.5-flash chat 1048576 65535 vtsradcw 1.5/9/0.15 7
gemini-3.5-flash-lite chat 1048576 65536 vtsradcw 0.3/2.5/0.03 8
gemini-3.6-flash chat 1048576 65536 vtsradcw 1.5/7.5/0.15 7
gemini-embedding-001 embedding 2048 - - 0.15/0 9
gemini-embedding-2 embedding 8192 - - 0.2/0 3
gemini-embedding-2-preview embedding 8192 - - 0.2/0 3
gemini-flash-latest chat 1048576 65536 vtradc 0.3/2.5/0.075/0.383 1
gemini-flash-lite-latest chat 1048576 65536 vtsradc 0.1/0.4/0.025 1
gemini-live-2.5-flash-preview-native-audio-09-2025 realtime 1048576 - vtsaodcw
gemini-omni-flash-preview chat 1048576 65535 vra 1.5/9 10
gemini-robotics-er-1.5-preview chat 1048576 65535 vtsr 0.3/2.5 11
medlm-large chat 8192 1024 -
medlm-medium chat 32768 8192 -
meta/llama-3.3-70b-instruct-maas chat 128000 8192 ts 0.72/0.72 1
meta/llama-4-maverick-17b-128e-instruct-maas chat 524288 8192 vts 0.35/1.15 1
moonshotai/kimi-k2-thinking-maas chat 262144 262144 tsr 0.6/2.5 1
multimodalembedding embedding 2048 - -
multimodalembedding@001 embedding 2048 - -
openai/gpt-oss-120b-maas chat 131072 32768 tr 0.09/0.36 1
openai/gpt-oss-20b-maas chat 131072 32768 tr 0.07/0.25 1
qwen/qwen3-235b-a22b-instruct-2507-maas chat 262144 16384 tsr 0.22/0.88 1
text-embedding-004 embedding 2048 - - 0.1/0 9
text-embedding-005 embedding 2048 - - 0.1/0 9
text-embedding-large-exp-03-07 embedding 8192 - - 0.1/0 9
text-embedding-preview-0409 embedding 3072 - - 0.00625/0 3
text-multilingual-embedding-002 embedding 2048 - - 0.1/0 9
zai-org/glm-4.7-maas chat 200000 128000 tsrd 0.6/2.2 1
zai-org/glm-5-maas chat 202752 131072 trc 1/3.2/0.1 1
`,
};
