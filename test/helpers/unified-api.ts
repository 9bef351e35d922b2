import { expect } from "vitest";
import type { CallRecord } from "../../src/contracts/call-record.ts";
import { Anthropic, CohereClientV2, GoogleGenAI, OpenAI } from "../sdk-clients/index.ts";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "./gateway.ts";
import { startAnthropicProvider } from "./providers/anthropic-provider.ts";
import { startBedrockProvider } from "./providers/bedrock-provider.ts";
import { startCohereProvider } from "./providers/cohere-provider.ts";
import { startGeminiProvider } from "./providers/gemini-provider.ts";
import type { SimulatedProvider } from "./providers/http-provider.ts";
import { startOpenaiProvider } from "./providers/openai-provider.ts";
import { waitFor } from "./wait-for.ts";

export type ProviderName = "openai" | "anthropic" | "gemini" | "cohere" | "bedrock";
export const PROVIDER_NAMES: readonly ProviderName[] = ["openai", "anthropic", "gemini", "cohere", "bedrock"];

/** The gateway in front of the simulated providers, and clients that know nothing but its address and a key. */
export interface UnifiedApi {
  gateway: TestGateway;
  providers: Record<ProviderName, SimulatedProvider>;
  openai: OpenAI;
  anthropic: Anthropic;
  gemini: GoogleGenAI;
  cohere: CohereClientV2;
  /** A POST without an SDK. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The record of the one call made since the last look; fails when there are more. */
  theRecord(): Promise<CallRecord>;
  /** For `beforeEach`: forgets records and what the providers saw. */
  reset(): void;
  close(): Promise<void>;
}

/** A model of each provider that does what its dialect can, thinking aside. */
export const MODELS: Record<ProviderName, string> = {
  openai: "openai/gpt-4o-mini",
  anthropic: "anthropic/claude-haiku-4-5",
  gemini: "gemini/gemini-2.5-flash",
  cohere: "cohere/command-a-03-2025",
  bedrock: "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0",
};

/** A model of each provider that thinks. */
export const THINKING_MODELS: Record<ProviderName, string> = {
  openai: "openai/gpt-5-mini",
  anthropic: "anthropic/claude-opus-4-8",
  gemini: "gemini/gemini-3-flash-preview",
  cohere: "cohere/command-a-reasoning-08-2025",
  bedrock: "bedrock/us.anthropic.claude-opus-4-8",
};

const PICTURE = "https://example.org/cat.png";

/** Where each provider can fetch a picture: Bedrock looks into S3 alone. */
export const PICTURE_URLS: Record<ProviderName, string> = {
  openai: PICTURE,
  anthropic: PICTURE,
  gemini: PICTURE,
  cohere: PICTURE,
  bedrock: "s3://example/cat.png",
};

/** The lines of `providers:` for the simulated ones; `options` is added to each. */
export function providersYaml(providers: Record<ProviderName, SimulatedProvider>, options = ""): string {
  const entries = PROVIDER_NAMES.map(
    (name) => `
  - id: ${name}
    kind: ${name}
    base_url: ${providers[name].baseUrl}
    keys: [{ id: main, value: "${providers[name].key}" }]
${options}`,
  );
  return `providers:${entries.join("")}`;
}

/** No retries unless asked for: a test that expects one failure wants to see one request. */
export const NO_RETRIES = "    retries: { attempts: 0 }\n    circuit_breaker: { failures: 0 }";

export async function startProviders(): Promise<Record<ProviderName, SimulatedProvider>> {
  const [openai, anthropic, gemini, cohere, bedrock] = await Promise.all([
    startOpenaiProvider(),
    startAnthropicProvider(),
    startGeminiProvider(),
    startCohereProvider(),
    startBedrockProvider(),
  ]);
  return { openai, anthropic, gemini, cohere, bedrock };
}

export async function startUnifiedApi(
  options: { providers?: string; rest?: (providers: Record<ProviderName, SimulatedProvider>) => string } = {},
): Promise<UnifiedApi> {
  const providers = await startProviders();
  const rest = options.rest?.(providers) ?? "";
  const gateway = await startGateway(baseYaml(`${providersYaml(providers, options.providers ?? NO_RETRIES)}\n${rest}`));
  return {
    gateway,
    providers,
    openai: new OpenAI({ apiKey: TEST_KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 }),
    anthropic: new Anthropic({ apiKey: TEST_KEY, baseURL: gateway.url, maxRetries: 0 }),
    cohere: new CohereClientV2({ token: TEST_KEY, baseUrl: gateway.url, maxRetries: 0 }),
    gemini: new GoogleGenAI({ apiKey: TEST_KEY, httpOptions: { baseUrl: gateway.url } }),
    post: (path, body, headers = {}) =>
      fetch(gateway.url + path, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}`, ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    async theRecord() {
      const record = await waitFor(() => gateway.records[0], "the record of the call");
      expect(gateway.records).toHaveLength(1);
      return record;
    },
    reset() {
      gateway.records.length = 0;
      for (const provider of Object.values(providers)) provider.reset();
    },
    async close() {
      await gateway.close();
      await Promise.all(Object.values(providers).map((provider) => provider.close()));
    },
  };
}
