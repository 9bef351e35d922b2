import type { ProviderEndpoints } from "../../contracts/provider-endpoints.ts";

/** Text completions as OpenAI's, for whatever model. */
export const COMPLETIONS: ProviderEndpoints = { completions: { path: "/completions" } };

/** Documents ranked as Jina does it, whose way most servers have. */
export const RERANK: ProviderEndpoints = { rerank: { path: "/rerank", form: "jina" } };

/** Speech and recordings as OpenAI's. */
export const AUDIO: ProviderEndpoints = {
  speech: { path: "/audio/speech" },
  transcriptions: { path: "/audio/transcriptions" },
  translations: { path: "/audio/translations" },
};

export const IMAGES: ProviderEndpoints = {
  image_generations: { path: "/images/generations" },
  image_edits: { path: "/images/edits" },
};

/** Files, and batches of requests made of them. */
export const BATCHES: ProviderEndpoints = { files: { path: "/files" }, batches: { path: "/batches" } };

/** Answers of the Responses API that are kept. */
export const RESPONSES: ProviderEndpoints = { responses: { path: "/responses" } };

/** What OpenAI has. Of its models, three go on with a text; all others answer chats. */
export const OPENAI_ENDPOINTS: ProviderEndpoints = {
  count_tokens: { path: "/responses/input_tokens", form: "responses" },
  completions: { path: "/completions", models: "^(?:ft:)?(?:gpt-3\\.5-turbo-instruct|davinci-002|babbage-002)" },
  moderations: { path: "/moderations", defaultModel: "omni-moderation-latest" },
  ...IMAGES,
  ...AUDIO,
  ...BATCHES,
  ...RESPONSES,
};

/** Of Azure's dated API, where a deployment is a part of the path. */
export const DEPLOYMENTS: ProviderEndpoints = {
  image_generations: { path: "/{model}/images/generations" },
  speech: { path: "/{model}/audio/speech" },
  transcriptions: { path: "/{model}/audio/transcriptions" },
  translations: { path: "/{model}/audio/translations" },
};

/** Of servers that follow OpenAI, whatever of its API they have: what they lack they say themselves. */
export const COMPATIBLE_ENDPOINTS: ProviderEndpoints = {
  ...COMPLETIONS,
  ...RERANK,
  moderations: { path: "/moderations" },
  ...IMAGES,
  ...AUDIO,
  ...BATCHES,
  ...RESPONSES,
};

export const SIMULATED_ENDPOINTS: ProviderEndpoints = {
  ...COMPLETIONS,
  ...RERANK,
  count_tokens: { path: "/chat/completions/input_tokens", form: "chat" },
  moderations: { path: "/moderations" },
  image_generations: { path: "/images/generations" },
  speech: { path: "/audio/speech" },
};
