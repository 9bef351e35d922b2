import type { ProviderEndpoints } from "../../contracts/provider-endpoints.ts";

/** What OpenAI has. */
export const OPENAI_ENDPOINTS: ProviderEndpoints = {
  count_tokens: { path: "/responses/input_tokens", form: "responses" },
};
