import type { SimulatedProvider } from "./providers/http-provider.ts";
import { startOpenaiProvider } from "./providers/openai-provider.ts";
import {
  MODELS,
  NO_RETRIES,
  type ProviderName,
  startUnifiedApi,
  THINKING_MODELS,
  type UnifiedApi,
} from "./unified-api.ts";

export type TargetName = ProviderName | "responses";
export const TARGET_NAMES: readonly TargetName[] = ["openai", "anthropic", "gemini", "responses"];

export const TARGET_MODELS: Record<TargetName, string> = { ...MODELS, responses: "responses/gpt-4o-mini" };
export const THINKING_TARGETS: Record<TargetName, string> = { ...THINKING_MODELS, responses: "responses/gpt-5-mini" };

/** The unified API, and a fourth provider, which is called by the Responses API: `responses`, or `both` for either. */
export interface ResponsesTargets {
  api: UnifiedApi;
  targets: Record<TargetName, SimulatedProvider>;
  reset(): void;
  close(): Promise<void>;
}

export async function startResponsesTargets(models = ""): Promise<ResponsesTargets> {
  const responses = await startOpenaiProvider("sk-responses-provider-key-1234567890");
  const entry = (id: string) => `
  - id: ${id}
    kind: openai
    api: ${id}
    base_url: ${responses.baseUrl}
    keys: [{ id: main, value: "${responses.key}" }]
${NO_RETRIES}`;
  const simulated = "\n  - { id: simulated, kind: simulated }";
  const api = await startUnifiedApi({ rest: () => `${entry("responses")}${entry("both")}${simulated}\n${models}` });
  return {
    api,
    targets: { ...api.providers, responses },
    reset() {
      api.reset();
      responses.reset();
    },
    async close() {
      await api.close();
      await responses.close();
    },
  };
}
