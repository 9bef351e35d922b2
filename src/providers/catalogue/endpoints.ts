import type { ProviderEndpoints } from "../../contracts/provider-endpoints.ts";

/** Text completions as OpenAI's, for whatever model. */
export const COMPLETIONS: ProviderEndpoints = { completions: { path: "/completions" } };

/** What OpenAI has. Of its models, three go on with a text; all others answer chats. */
export const OPENAI_ENDPOINTS: ProviderEndpoints = {
  count_tokens: { path: "/responses/input_tokens", form: "responses" },
  completions: { path: "/completions", models: "^(?:ft:)?(?:gpt-3\\.5-turbo-instruct|davinci-002|babbage-002)" },
};
