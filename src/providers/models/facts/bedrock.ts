import type { FactsText } from "./facts-text.ts";

export const FACTS: FactsText = {
  sources: [
    "https://models.dev",
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
amazon.nova-2-lite-v1:0 chat 1000000 64000 vtsrdc 0.33/2.75 1
amazon.nova-2-multimodal-embeddings-v1:0 embedding 8172 - a 0.135/0 2
amazon.nova-2-pro-preview-20251202-v1:0 chat 1000000 64000 vtsrdc
amazon.nova-canvas-v1:0 image 2600 - -
amazon.nova-lite-v1:0 chat 300000 10000 vtsdc
amazon.nova-micro-v1:0 chat 128000 10000 tsc
amazon.nova-pro-v1:0 chat 300000 10000 vtsdc
amazon.rerank-v1:0 rerank 32000 - -
amazon.titan-embed-g1-text-02 embedding 8192 - -
amazon.titan-embed-image-v1 embedding 128 - - 0.8/0 3
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
apac.anthropic.claude-haiku-4-5-20251001-v1:0 chat 200000 64000 vtsrdc 1.1/5.5/0.11 4
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
deepseek.r1-v1:0 chat 128000 32768 tr
deepseek.v3-v1:0 chat 163840 81920 tr 0.58/1.68 1
deepseek.v3.2 chat 163840 163840 tr 0.62/1.85 5
eu.amazon.nova-2-lite-v1:0 chat 1000000 64000 vtsrdc
eu.amazon.nova-2-pro-preview-20251202-v1:0 chat 1000000 64000 vtsrdc
eu.amazon.nova-lite-v1:0 chat 300000 10000 vtsdc
eu.amazon.nova-micro-v1:0 chat 128000 10000 tsc
eu.amazon.nova-pro-v1:0 chat 300000 10000 vtsdc 1.05/4.2 5
eu.anthropic.claude-3-5-haiku-20241022-v1:0 chat 200000 8192 tsdc
eu.anthropic.claude-3-5-sonnet-20240620-v1:0 chat 200000 4096 vtsd
eu.anthropic.claude-3-5-sonnet-20241022-v2:0 chat 200000 8192 vtsdc
eu.anthropic.claude-3-7-sonnet-20250219-v1:0 chat 200000 8192 vtsrdc
eu.anthropic.claude-3-haiku-20240307-v1:0 chat 200000 4096 vtsd
eu.anthropic.claude-3-opus-20240229-v1:0 chat 200000 4096 vts
eu.anthropic.claude-3-sonnet-20240229-v1:0 chat 200000 4096 vtsd
eu.anthropic.claude-fable-5 chat 1000000 128000 vtsrdc 11/55/1.1/13.75 1
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
minimax.minimax-m2 chat 128000 8192 tr 0.3/1.2 1
minimax.minimax-m2.1 chat 196000 8192 t 0.3/1.2 5
minimax.minimax-m2.5 chat 1000000 8192 t 0.3/1.2 5
mistral.devstral-2-123b chat 256000 8192 t 0.4/2 5
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
mistral.pixtral-large-2502-v1:0 chat 128000 8192 vt
mistral.voxtral-mini-3b-2507 chat 128000 8192 a
mistral.voxtral-small-24b-2507 chat 128000 8192 a
moonshot.kimi-k2-thinking chat 128000 8192 r 0.6/2.5 1
moonshotai.kimi-k2.5 chat 262144 262144 vt 0.6/3 5
nvidia.nemotron-nano-12b-v2 chat 128000 8192 v 0.2/0.6 1
nvidia.nemotron-nano-3-30b chat 262144 8192 t 0.06/0.24 5
nvidia.nemotron-nano-9b-v2 chat 128000 8192 ts
nvidia.nemotron-super-3-120b chat 256000 32768 tr 0.15/0.65 5
openai.gpt-5.4 chat 922000 128000 vtsrdc
openai.gpt-5.5 chat 922000 128000 vtsrdc
openai.gpt-oss-120b chat 128000 16384 tsr 0.15/0.6 1
openai.gpt-oss-120b-1:0 chat 128000 128000 tsr
openai.gpt-oss-20b chat 128000 16384 tsr 0.07/0.3 1
openai.gpt-oss-20b-1:0 chat 128000 128000 tsr
openai.gpt-oss-safeguard-120b chat 128000 8192 ts 0.15/0.6 1
openai.gpt-oss-safeguard-20b chat 128000 8192 ts 0.07/0.2 1
qwen.qwen3-235b-a22b-2507-v1:0 chat 262144 131072 tr 0.22/0.88 1
qwen.qwen3-32b-v1:0 chat 131072 16384 tr
qwen.qwen3-coder-30b-a3b-v1:0 chat 262144 131072 tr
qwen.qwen3-coder-480b-a35b-v1:0 chat 262000 65536 tr
qwen.qwen3-coder-next chat 262144 8192 t 0.5/1.2 5
qwen.qwen3-next-80b-a3b chat 128000 8192 t 0.14/1.4 1
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
us.anthropic.claude-fable-5 chat 1000000 128000 vtsrdc 10/50/1/12.5 1
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
xai.grok-4.3 chat 1000000 131072 vtsrc 1.25/2.5/0.2 1
zai.glm-4.7 chat 200000 128000 tr 0.6/2.2 5
zai.glm-4.7-flash chat 200000 128000 tr 0.07/0.4 5
zai.glm-5 chat 200000 128000 tr 1/3.2 5
`,
};
