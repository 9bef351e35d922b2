export type ModelCapability =
  | "vision"
  | "tools"
  | "json_schema"
  | "reasoning"
  | "audio_input"
  | "audio_output"
  | "pdf"
  | "prompt_caching"
  | "web_search";

/** What is known of a model. What is not known is absent. */
export interface ModelFacts {
  /** What it does. */
  type?: string;
  /** Tokens. */
  contextWindow?: number;
  maxOutputTokens?: number;
  /** All that is known; what is not in it may still be there. */
  capabilities?: ModelCapability[];
}
