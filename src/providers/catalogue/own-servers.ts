import { type CatalogueEntry, openaiCompatible } from "../catalogue-entry.ts";
import { AUDIO, COMPATIBLE_ENDPOINTS, COMPLETIONS, IMAGES, RERANK } from "./endpoints.ts";

/** Servers that people run themselves, where they listen when nobody says otherwise; and anything else that is compatible. */
export const OWN_SERVERS: readonly CatalogueEntry[] = [
  openaiCompatible({
    kind: "ollama",
    baseUrl: "http://127.0.0.1:11434/v1",
    endpoints: COMPLETIONS,
    envKey: null,
    docs: "https://docs.ollama.com/api/openai-compatibility",
  }),
  openaiCompatible({
    kind: "vllm",
    baseUrl: "http://127.0.0.1:8000/v1",
    prefill: { models: "", requestFields: { continue_final_message: true, add_generation_prompt: false } },
    endpoints: {
      ...COMPLETIONS,
      ...RERANK,
      transcriptions: { path: "/audio/transcriptions" },
      translations: { path: "/audio/translations" },
    },
    envKey: null,
    docs: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
  }),
  openaiCompatible({
    kind: "lm-studio",
    baseUrl: "http://127.0.0.1:1234/v1",
    endpoints: COMPLETIONS,
    envKey: null,
    docs: "https://lmstudio.ai/docs/developer/openai-compat",
  }),
  openaiCompatible({
    kind: "xinference",
    baseUrl: "http://127.0.0.1:9997/v1",
    endpoints: { ...COMPLETIONS, ...RERANK, ...IMAGES, ...AUDIO },
    envKey: null,
    docs: "https://inference.readthedocs.io/en/latest/user_guide/client_api.html",
  }),
  openaiCompatible({ kind: "openai-compatible", baseUrl: null, endpoints: COMPATIBLE_ENDPOINTS, envKey: null }),
];
