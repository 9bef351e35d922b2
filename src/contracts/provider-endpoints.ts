/** What can be asked of a provider beside chats and embeddings, by the names that the catalogue gives it. */
export type EndpointName = ModelEndpoint | StoredEndpoint;

/** Endpoints whose calls name a model, and so go where its model route leads. */
export type ModelEndpoint =
  | "count_tokens"
  | "completions"
  | "rerank"
  | "moderations"
  | "image_generations"
  | "image_edits"
  | "speech"
  | "transcriptions"
  | "translations";

/** Endpoints about what a provider keeps: calls go to the provider that keeps it. */
export type StoredEndpoint = "files" | "batches" | "responses";

export interface ProviderEndpoint {
  /** Below the base URL, `{model}` standing for the model. */
  path: string;
  /** What requests and answers look like, where providers differ in that. Absent: as OpenAI's. */
  form?: string;
  /** A pattern of the models that have it. Absent: all. */
  models?: string;
  /** The model that is meant where a caller names none. Absent: one has to be named. */
  defaultModel?: string;
}

/** Data of the catalogue: what a provider does not list, it does not have. */
export type ProviderEndpoints = Readonly<Partial<Record<EndpointName, ProviderEndpoint>>>;
