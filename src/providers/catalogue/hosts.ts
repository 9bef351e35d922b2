import { type CatalogueEntry, CHAT_ALONE, openaiCompatible, regions } from "../catalogue-entry.ts";
import { AUDIO, BATCHES, COMPLETIONS, RERANK } from "./endpoints.ts";

/** Who runs models of others. */
export const HOSTS: readonly CatalogueEntry[] = [
  // What is answered with 400 is in its documentation; what no model does, and what is not stored, in groq-sdk 1.6.0.
  openaiCompatible({
    kind: "groq",
    baseUrl: "https://api.groq.com/openai/v1",
    quirks: {
      unsupportedFields: ["logprobs", "top_logprobs", "logit_bias", "n", "frequency_penalty", "presence_penalty"],
      impliedValues: { logprobs: false, n: 1, frequency_penalty: 0, presence_penalty: 0 },
      droppedFields: ["store", "metadata"],
    },
    endpoints: { ...AUDIO, ...BATCHES },
    envKey: "GROQ_API_KEY",
    priceProvider: "groq",
    listedModels: /^(?!whisper)/,
    docs: "https://console.groq.com/docs/openai",
  }),
  openaiCompatible({
    kind: "together",
    baseUrl: "https://api.together.xyz/v1",
    endpoints: {
      ...COMPLETIONS,
      ...RERANK,
      ...AUDIO,
      image_generations: { path: "/images/generations" },
    },
    envKey: "TOGETHER_API_KEY",
    priceProvider: "together",
    docs: "https://docs.together.ai/reference/chat-completions-1",
  }),
  openaiCompatible({
    kind: "fireworks",
    baseUrl: "https://api.fireworks.ai/inference/v1",
    endpoints: COMPLETIONS,
    envKey: "FIREWORKS_API_KEY",
    priceProvider: "fireworks",
    docs: "https://docs.fireworks.ai/tools-sdks/openai-compatibility",
  }),
  openaiCompatible({
    kind: "openrouter",
    baseUrl: "https://openrouter.ai/api/v1",
    endpoints: COMPLETIONS,
    envKey: "OPENROUTER_API_KEY",
    priceProvider: "openrouter",
    docs: "https://openrouter.ai/docs/api-reference/overview",
  }),
  // `system` is what `developer` is elsewhere, says its documentation.
  openaiCompatible({
    kind: "cerebras",
    baseUrl: "https://api.cerebras.ai/v1",
    quirks: {
      developerRole: false,
      paths: CHAT_ALONE,
    },
    endpoints: COMPLETIONS,
    envKey: "CEREBRAS_API_KEY",
    priceProvider: "cerebras",
    listedModels: /^/,
    docs: "https://inference-docs.cerebras.ai/resources/openai",
  }),
  openaiCompatible({
    kind: "sambanova",
    baseUrl: "https://api.sambanova.ai/v1",
    envKey: "SAMBANOVA_API_KEY",
    docs: "https://docs.sambanova.ai/docs/en/features/openai-compatibility",
  }),
  openaiCompatible({
    kind: "nvidia",
    baseUrl: "https://integrate.api.nvidia.com/v1",
    endpoints: COMPLETIONS,
    envKey: "NVIDIA_API_KEY",
    docs: "https://docs.api.nvidia.com/nim/reference/llm-apis",
  }),
  openaiCompatible({
    kind: "huggingface",
    baseUrl: "https://router.huggingface.co/v1",
    quirks: { paths: CHAT_ALONE },
    envKey: "HF_TOKEN",
    docs: "https://huggingface.co/docs/inference-providers",
  }),
  // Its proxy for OpenAI's API, for the language models it runs itself; all its other models have an API of their own.
  openaiCompatible({
    kind: "replicate",
    baseUrl: "https://openai-proxy.replicate.com/v1",
    quirks: { paths: CHAT_ALONE },
    envKey: "REPLICATE_API_TOKEN",
    docs: "https://replicate.com/docs/reference/http",
  }),
  openaiCompatible({
    kind: "deepinfra",
    baseUrl: "https://api.deepinfra.com/v1/openai",
    endpoints: {
      ...COMPLETIONS,
      ...AUDIO,
      image_generations: { path: "/images/generations" },
    },
    envKey: "DEEPINFRA_API_KEY",
    docs: "https://deepinfra.com/docs/openai_api",
  }),
  openaiCompatible({
    kind: "novita",
    baseUrl: "https://api.novita.ai/openai/v1",
    endpoints: { ...COMPLETIONS, ...RERANK },
    envKey: "NOVITA_API_KEY",
    priceProvider: "novita",
    docs: "https://novita.ai/docs/api-reference/model-apis-llm-create-chat-completion",
  }),
  openaiCompatible({
    kind: "siliconflow",
    baseUrl: "https://{region.host}/v1",
    settings: regions("api.siliconflow.cn", "api.siliconflow.com"),
    endpoints: RERANK,
    envKey: "SILICONFLOW_API_KEY",
    docs: "https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions",
  }),
];
