import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { leavingOut } from "../dropped-fields.ts";
import { readAddress } from "./address.ts";
import { parseChatResponse } from "./answer.ts";
import { buildEmbeddingCall, parseEmbeddingResponse } from "./embeddings.ts";
import { formatError, formatStreamError, parseError, parseErrorBody } from "./errors.ts";
import { formatChatResponse } from "./format-answer.ts";
import { formatEmbeddingResponse, parseEmbeddingRequest } from "./inbound-embeddings.ts";
import { buildChatCall } from "./outbound.ts";
import { parseChatRequest } from "./parse-request.ts";
import { spell } from "./spelling.ts";
import { GeminiStreamParser } from "./stream.ts";
import { GeminiStreamFormatter } from "./stream-formatter.ts";

export { geminiPassthrough } from "./passthrough.ts";

/** The Gemini API (`generateContent`) of callers. */
export const geminiInbound: InboundDialect = {
  name: "gemini",
  readAddress,
  parseChatRequest,
  spell,
  formatChatResponse,
  createStreamFormatter: (context) => new GeminiStreamFormatter(context),
  formatError,
  formatStreamError,
  heldBesides: new Set(["generationConfig", "safetySettings", "store"]),
  embeddings: { parseRequest: parseEmbeddingRequest, formatResponse: formatEmbeddingResponse },
};

/** The Gemini API (`generateContent`) of providers. */
export const geminiOutbound: OutboundDialect = {
  name: "gemini",
  buildChatCall,
  leavesOut: leavingOut("user", "safety_identifier", "metadata", "cache_control", "detail", "name", "strict"),
  parseChatResponse,
  createStreamParser: (target) => new GeminiStreamParser(target),
  failureIn: (body) => parseErrorBody(body, 502),
  parseError,
  embeddings: { buildCall: buildEmbeddingCall, parseResponse: parseEmbeddingResponse },
};
