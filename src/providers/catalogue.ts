import type { DialectName } from "../contracts/ir.ts";
import type { ProviderAuth } from "../contracts/snapshot.ts";

/** What is known of a kind of provider before anybody configures one. */
export interface CatalogueEntry {
  /** The name configurations use. */
  kind: string;
  dialect: DialectName;
  transport: "http" | "simulated";
  /** With the API's version path and without a trailing slash; null where there is no usual address. */
  baseUrl: string | null;
  auth: ProviderAuth;
  /** Sent with every call. Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Environment variable that holds the key by the provider's own convention; null: none. */
  envKey: string | null;
  /** Environment variable that overrides the address by the provider's own convention; null: none. */
  envBaseUrl: string | null;
  /** The name under which @pydantic/genai-prices knows the provider, or null. */
  priceProvider: string | null;
  /** Which of the priced models `GET /v1/models` lists by default; null: none. */
  listedModels: RegExp | null;
  /** Models listed beside those of the price list. */
  models: readonly string[];
  requiresKey: boolean;
}

/** Everything that speaks OpenAI's Chat Completions and differs in its data alone. */
function openaiCompatible(
  entry: Pick<CatalogueEntry, "kind" | "baseUrl" | "envKey"> & Partial<CatalogueEntry>,
): CatalogueEntry {
  return {
    dialect: "openai",
    transport: "http",
    auth: { type: "bearer" },
    headers: {},
    envBaseUrl: null,
    priceProvider: null,
    listedModels: null,
    models: [],
    requiresKey: entry.envKey !== null,
    ...entry,
  };
}

export const CATALOGUE: readonly CatalogueEntry[] = [
  openaiCompatible({
    kind: "openai",
    baseUrl: "https://api.openai.com/v1",
    envKey: "OPENAI_API_KEY",
    envBaseUrl: "OPENAI_BASE_URL",
    priceProvider: "openai",
    listedModels: /^(?:gpt-[4-9]|o\d|text-embedding-3)(?!.*(?:audio|realtime|transcribe|tts|image|vision))[^:]*$/,
  }),
  {
    kind: "anthropic",
    dialect: "anthropic",
    transport: "http",
    baseUrl: "https://api.anthropic.com/v1",
    auth: { type: "header", name: "x-api-key" },
    headers: { "anthropic-version": "2023-06-01" },
    envKey: "ANTHROPIC_API_KEY",
    envBaseUrl: "ANTHROPIC_BASE_URL",
    priceProvider: "anthropic",
    listedModels: /^claude-(?!v?[12]$)[^:]*$/,
    models: [],
    requiresKey: true,
  },
  {
    kind: "gemini",
    dialect: "gemini",
    transport: "http",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    auth: { type: "header", name: "x-goog-api-key" },
    headers: {},
    envKey: "GEMINI_API_KEY",
    envBaseUrl: "GEMINI_BASE_URL",
    priceProvider: "google",
    listedModels: /^gemini-(?:[2-9]|embedding)(?!.*(?:image|live|tts))[^:]*$/,
    models: [],
    requiresKey: true,
  },
  {
    kind: "cohere",
    dialect: "cohere",
    transport: "http",
    baseUrl: "https://api.cohere.com/v2",
    auth: { type: "bearer" },
    headers: {},
    envKey: "COHERE_API_KEY",
    envBaseUrl: null,
    priceProvider: "cohere",
    listedModels: /^(?:command-(?:a|r)|embed)/,
    models: [],
    requiresKey: true,
  },
  openaiCompatible({
    kind: "groq",
    baseUrl: "https://api.groq.com/openai/v1",
    envKey: "GROQ_API_KEY",
    priceProvider: "groq",
    listedModels: /^(?!whisper)/,
  }),
  openaiCompatible({
    kind: "deepseek",
    baseUrl: "https://api.deepseek.com/v1",
    envKey: "DEEPSEEK_API_KEY",
    priceProvider: "deepseek",
    listedModels: /^deepseek-/,
  }),
  openaiCompatible({
    kind: "mistral",
    baseUrl: "https://api.mistral.ai/v1",
    envKey: "MISTRAL_API_KEY",
    priceProvider: "mistral",
    listedModels: /-latest$/,
  }),
  openaiCompatible({
    kind: "xai",
    baseUrl: "https://api.x.ai/v1",
    envKey: "XAI_API_KEY",
    priceProvider: "x-ai",
    listedModels: /^grok-(?!.*voice)/,
  }),
  openaiCompatible({
    kind: "together",
    baseUrl: "https://api.together.xyz/v1",
    envKey: "TOGETHER_API_KEY",
    priceProvider: "together",
  }),
  openaiCompatible({
    kind: "fireworks",
    baseUrl: "https://api.fireworks.ai/inference/v1",
    envKey: "FIREWORKS_API_KEY",
    priceProvider: "fireworks",
  }),
  openaiCompatible({
    kind: "openrouter",
    baseUrl: "https://openrouter.ai/api/v1",
    envKey: "OPENROUTER_API_KEY",
    priceProvider: "openrouter",
  }),
  openaiCompatible({ kind: "ollama", baseUrl: "http://127.0.0.1:11434/v1", envKey: null }),
  openaiCompatible({ kind: "vllm", baseUrl: "http://127.0.0.1:8000/v1", envKey: null }),
  openaiCompatible({ kind: "openai-compatible", baseUrl: null, envKey: null }),
  {
    kind: "simulated",
    dialect: "openai",
    transport: "simulated",
    baseUrl: null,
    auth: { type: "none" },
    headers: {},
    envKey: null,
    envBaseUrl: null,
    priceProvider: null,
    listedModels: null,
    models: ["echo"],
    requiresKey: false,
  },
];
