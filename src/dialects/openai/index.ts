import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { isShared } from "../openai-fields.ts";
import { buildChatCall } from "./build-request.ts";
import { buildEmbeddingCall, parseEmbeddingResponse } from "./embeddings.ts";
import { failureIn, formatError, formatStreamError, parseError } from "./errors.ts";
import { formatChatResponse } from "./format-answer.ts";
import { leavesOut } from "./left-out.ts";
import { parseChatResponse } from "./parse-answer.ts";
import { parseChatRequest } from "./parse-request.ts";
import { OpenaiStreamFormatter } from "./stream-formatter.ts";
import { OpenaiStreamParser } from "./stream-parser.ts";

export { formatEmbeddingResponse, parseEmbeddingRequest } from "./embeddings.ts";
export { openaiPassthrough } from "./passthrough.ts";

/** Chat Completions for callers: `POST /v1/chat/completions`. */
export const openaiInbound: InboundDialect = {
  name: "openai",
  parseChatRequest,
  formatChatResponse,
  createStreamFormatter: (context) => new OpenaiStreamFormatter(context),
  formatError,
  formatStreamError,
  heldBesides: new Set([
    "max_tokens",
    "max_completion_tokens",
    "reasoning",
    "stream_options",
    "modalities",
    "tool_choice",
  ]),
};

/** Chat Completions of OpenAI and of every server that speaks its dialect. */
export const openaiOutbound: OutboundDialect = {
  name: "openai",
  buildChatCall,
  leavesOut,
  takes: isShared,
  parseChatResponse,
  createStreamParser: (target) => new OpenaiStreamParser(target),
  failureIn,
  parseError,
  embeddings: { buildCall: buildEmbeddingCall, parseResponse: parseEmbeddingResponse },
};
