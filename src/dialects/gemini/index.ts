import type { OutboundDialect } from "../../contracts/dialect.ts";
import { parseChatResponse } from "./answer.ts";
import { buildEmbeddingCall, parseEmbeddingResponse } from "./embeddings.ts";
import { parseError } from "./errors.ts";
import { buildChatCall } from "./outbound.ts";
import { GeminiStreamParser } from "./stream.ts";

/** The Gemini API (`generateContent`) of providers. */
export const geminiOutbound: OutboundDialect = {
  name: "gemini",
  buildChatCall,
  parseChatResponse,
  createStreamParser: (target) => new GeminiStreamParser(target),
  parseError,
  embeddings: { buildCall: buildEmbeddingCall, parseResponse: parseEmbeddingResponse },
};
