import { CLOUDS } from "./catalogue/clouds.ts";
import { OPENAI_ENDPOINTS, SIMULATED_ENDPOINTS } from "./catalogue/endpoints.ts";
import { HOSTS } from "./catalogue/hosts.ts";
import { LABS } from "./catalogue/labs.ts";
import { OWN_SERVERS } from "./catalogue/own-servers.ts";
import { type CatalogueEntry, CLAUDE_PREFILL, openaiCompatible } from "./catalogue-entry.ts";

export type { CatalogueEntry } from "./catalogue-entry.ts";

/** Every kind of provider. Adding a compatible one is one entry, and its expectation in the wire test. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  openaiCompatible({
    kind: "openai",
    baseUrl: "https://api.openai.com/v1",
    endpoints: OPENAI_ENDPOINTS,
    envKey: "OPENAI_API_KEY",
    envBaseUrl: "OPENAI_BASE_URL",
    priceProvider: "openai",
    listedModels: /^(?:gpt-[4-9]|o\d|text-embedding-3)(?!.*(?:audio|realtime|transcribe|tts|image|vision))[^:]*$/,
    docs: "https://platform.openai.com/docs/api-reference",
  }),
  {
    kind: "anthropic",
    dialect: "anthropic",
    transport: "http",
    baseUrl: "https://api.anthropic.com/v1",
    auth: { type: "header", name: "x-api-key" },
    headers: { "anthropic-version": "2023-06-01" },
    prefill: CLAUDE_PREFILL,
    endpoints: {
      count_tokens: { path: "/messages/count_tokens", form: "anthropic" },
      files: { path: "/files", form: "anthropic" },
    },
    envKey: "ANTHROPIC_API_KEY",
    envBaseUrl: "ANTHROPIC_BASE_URL",
    priceProvider: "anthropic",
    listedModels: /^claude-(?!v?[12]$)[^:]*$/,
    models: [],
    requiresKey: true,
    docs: "https://docs.anthropic.com/en/api/overview",
  },
  {
    kind: "gemini",
    dialect: "gemini",
    transport: "http",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    auth: { type: "header", name: "x-goog-api-key" },
    headers: {},
    endpoints: { count_tokens: { path: "/models/{model}:countTokens", form: "gemini-request" } },
    envKey: "GEMINI_API_KEY",
    envBaseUrl: "GEMINI_BASE_URL",
    priceProvider: "google",
    listedModels: /^gemini-(?:[2-9]|embedding)(?!.*(?:image|live|tts))[^:]*$/,
    models: [],
    requiresKey: true,
    docs: "https://ai.google.dev/api",
  },
  {
    kind: "cohere",
    dialect: "cohere",
    transport: "http",
    baseUrl: "https://api.cohere.com/v2",
    auth: { type: "bearer" },
    headers: {},
    endpoints: { rerank: { path: "/rerank", form: "cohere" } },
    envKey: "COHERE_API_KEY",
    envBaseUrl: null,
    priceProvider: "cohere",
    listedModels: /^(?:command-(?:a|r)|embed)/,
    models: [],
    requiresKey: true,
    docs: "https://docs.cohere.com/reference/chat",
  },
  ...CLOUDS,
  ...LABS,
  ...HOSTS,
  ...OWN_SERVERS,
  {
    kind: "simulated",
    dialect: "openai",
    transport: "simulated",
    baseUrl: null,
    auth: { type: "none" },
    headers: {},
    endpoints: SIMULATED_ENDPOINTS,
    envKey: null,
    envBaseUrl: null,
    priceProvider: null,
    listedModels: null,
    models: ["echo"],
    requiresKey: false,
  },
];
