import type { InboundDialect, OutboundDialect } from "../contracts/dialect.ts";
import type { DialectName } from "../contracts/ir.ts";
import type { Passthrough } from "../contracts/passthrough.ts";
import { anthropicInbound, anthropicOutbound, anthropicPassthrough } from "./anthropic/index.ts";
import { bedrockInbound, bedrockOutbound, bedrockPassthrough } from "./bedrock/index.ts";
import { cohereInbound, cohereOutbound, coherePassthrough } from "./cohere/index.ts";
import { geminiInbound, geminiOutbound, geminiPassthrough } from "./gemini/index.ts";
import { openaiInbound, openaiOutbound, openaiPassthrough } from "./openai/index.ts";
import { responsesInbound, responsesOutbound, responsesPassthrough } from "./openai-responses/index.ts";

/** Every dialect there is. A new one is a folder beside these and a line in each list it belongs to. */

export type InboundName = DialectName;

/** What callers may speak. */
export const inboundDialects: Record<InboundName, InboundDialect> = {
  openai: openaiInbound,
  "openai-responses": responsesInbound,
  anthropic: anthropicInbound,
  gemini: geminiInbound,
  cohere: cohereInbound,
  bedrock: bedrockInbound,
};

/** What providers speak. */
export const outboundDialects: Record<DialectName, OutboundDialect> = {
  openai: openaiOutbound,
  "openai-responses": responsesOutbound,
  anthropic: anthropicOutbound,
  gemini: geminiOutbound,
  cohere: cohereOutbound,
  bedrock: bedrockOutbound,
};

/** How to watch bytes that go through untouched; for dialects that are both a caller's and a provider's. */
export const passthroughs: Partial<Record<DialectName, Passthrough>> = {
  openai: openaiPassthrough,
  "openai-responses": responsesPassthrough,
  anthropic: anthropicPassthrough,
  gemini: geminiPassthrough,
  cohere: coherePassthrough,
  bedrock: bedrockPassthrough,
};
