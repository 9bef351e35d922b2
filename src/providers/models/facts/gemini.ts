import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://ai.google.dev/pricing#2_0flash",
    "https://ai.google.dev/gemini-api/docs/pricing#gemini-2.0-flash-lite",
    "https://ai.google.dev/gemini-api/docs/models#gemini-2.5-flash-preview",
    "https://ai.google.dev/gemini-api/docs/models#gemini-2.5-flash-lite",
    "https://developers.googleblog.com/en/continuing-to-bring-you-our-latest-models-with-an-improved-gemini-2-5-flash-and-flash-lite-release/",
    "https://ai.google.dev/pricing",
    "https://ai.google.dev/pricing/gemini-3",
    "https://ai.google.dev/gemini-api/docs/pricing#gemini-3.1-flash-lite",
    "https://ai.google.dev/gemini-api/docs/models",
    "https://ai.google.dev/gemini-api/docs/pricing",
    "https://ai.google.dev/gemini-api/docs/embeddings#model-versions",
    "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/models#foundation_models",
    "https://ai.google.dev/gemini-api/docs/models#gemini-robotics-er-1-5-preview",
  ],
  models: `
deep-research-pro-preview-12-2025 image 65536 - vscw
gemini-1.5-flash embedding 8192 - -
gemini-2.0-flash chat 1048576 8192 vtsaocw 0.1/0.4/0.025 1
gemini-2.0-flash-001 chat 1048576 8192 vtscw 0.1/0.4/0.025 1
gemini-2.0-flash-exp-image-generation image 32768 - v
gemini-2.0-flash-lite chat 1048576 8192 vtsocw 0.075/0.3/0.01875 2
gemini-2.0-flash-lite-001 chat 1048576 8192 vtsocw 0.075/0.3/0.01875 2
gemini-2.5-computer-use-preview-10-2025 chat 128000 64000 vt
gemini-2.5-flash chat 1048576 65535 vtsrdcw 0.3/2.5/0.03 3
gemini-2.5-flash-image image 32768 32768 vtsdcw
gemini-2.5-flash-lite chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 4
gemini-2.5-flash-lite-preview-06-17 chat 1048576 65535 vtsrdcw 0.1/0.4/0.025 4
gemini-2.5-flash-lite-preview-09-2025 chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 5
gemini-2.5-flash-native-audio-latest chat 1048576 8192 ao 0.3/2.5 6
gemini-2.5-flash-native-audio-preview-09-2025 chat 1048576 8192 ao 0.3/2.5 6
gemini-2.5-flash-native-audio-preview-12-2025 chat 1048576 8192 ao 0.3/2.5 6
gemini-2.5-flash-preview-09-2025 chat 1048576 65535 vtsrdcw 0.3/2.5/0.075 5
gemini-2.5-flash-preview-tts speech 8192 16384 -
gemini-2.5-pro chat 1048576 65535 vtsradcw
gemini-2.5-pro-preview-tts speech 8192 16384 -
gemini-3-flash-preview chat 1048576 65535 vtsrdcw 0.5/3/0.05 7
gemini-3-pro-image image 65536 - vscw
gemini-3-pro-image-preview image 65536 32768 vscw
gemini-3-pro-preview chat 1048576 65535 vtsradcw
gemini-3.1-flash-image image 65536 - vscw
gemini-3.1-flash-image-preview image 65536 65536 vscw
gemini-3.1-flash-lite chat 1048576 65536 vtsradcw 0.25/1.5/0.025 8
gemini-3.1-flash-lite-preview chat 1048576 65536 vtsradcw 0.25/1.5/0.025 9
gemini-3.1-flash-live-preview chat 131072 65536 vtaow 0.75/4.5 10
gemini-3.1-pro-preview chat 1048576 65536 vtsradcw
gemini-3.1-pro-preview-customtools chat 1048576 65536 vtsradcw
gemini-3.5-flash chat 1048576 65535 vtsradcw 1.5/9/0.15 7
gemini-3.5-flash-lite chat 1048576 65536 vtsradcw 0.3/2.5/0.03 10
gemini-3.6-flash chat 1048576 65536 vtsradcw 1.5/7.5/0.15 7
gemini-embedding-001 embedding 2048 - - 0.15/0 11
gemini-embedding-2 embedding 8192 - - 0.2/0 10
gemini-embedding-2-preview embedding 8192 - - 0.2/0 10
gemini-exp-1114 chat 1048576 8192 vts
gemini-exp-1206 chat 1048576 65535 vtsrdcw 0.3/2.5/0.03 3
gemini-flash-latest chat 1048576 65535 vtsrdcw 0.3/2.5/0.03 3
gemini-flash-lite-latest chat 1048576 65535 vtsrdcw 0.1/0.4/0.01 4
gemini-gemma-2-27b-it chat - 8192 vt 0.35/1.05 12
gemini-gemma-2-9b-it chat - 8192 vt 0.35/1.05 12
gemini-live-2.5-flash-preview-native-audio-09-2025 realtime 1048576 - vtsaodcw
gemini-omni-flash-preview chat 1048576 65535 vra 1.5/9 10
gemini-pro-latest chat 1048576 65535 vtsradcw
gemini-robotics-er-1.5-preview chat 1048576 65535 vtsrw 0.3/2.5 13
gemma-3-27b-it chat 131072 8192 vts
gemma-4-26b-a4b-it chat 262144 32768 vtsr
gemma-4-31b-it chat 262144 32768 vtsr
learnlm-1.5-pro-experimental chat 32767 8192 vts
lyria-3-clip-preview chat 131072 8192 o
lyria-3-pro-preview chat 131072 8192 o
`,
};
