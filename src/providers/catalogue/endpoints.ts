import type { ProviderEndpoints } from "../../contracts/provider-endpoints.ts";

/** Text completions as OpenAI's, for whatever model. */
export const COMPLETIONS: ProviderEndpoints = { completions: { path: "/completions" } };

/** Documents ranked as Jina does it, whose way most servers have. */
export const RERANK: ProviderEndpoints = { rerank: { path: "/rerank", form: "jina" } };

/** What OpenAI has. Of its models, three go on with a text; all others answer chats. */
export const OPENAI_ENDPOINTS: ProviderEndpoints = {
  count_tokens: { path: "/responses/input_tokens", form: "responses" },
  completions: { path: "/completions", models: "^(?:ft:)?(?:gpt-3\\.5-turbo-instruct|davinci-002|babbage-002)" },
  moderations: { path: "/moderations", defaultModel: "omni-moderation-latest" },
};

/** Of servers that follow OpenAI, whatever of its API they have: what they lack they say themselves. */
export const COMPATIBLE_ENDPOINTS: ProviderEndpoints = {
  ...COMPLETIONS,
  ...RERANK,
  moderations: { path: "/moderations" },
};
