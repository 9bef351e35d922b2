import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { formatChatResponse, parseChatResponse } from "./answer.ts";
import { buildEmbeddingCall, parseEmbeddingResponse } from "./embeddings.ts";
import { formatError, formatStreamError, parseError } from "./errors.ts";
import { parseChatRequest } from "./inbound.ts";
import { buildChatCall } from "./outbound.ts";
import { spell } from "./spelling.ts";
import { CohereStreamParser } from "./stream.ts";
import { CohereStreamFormatter } from "./stream-formatter.ts";

export { coherePassthrough } from "./passthrough.ts";

/** Cohere's v2 chat of callers. */
export const cohereInbound: InboundDialect = {
  name: "cohere",
  parseChatRequest,
  spell,
  formatChatResponse,
  createStreamFormatter: (context) => new CohereStreamFormatter(context),
  formatError,
  formatStreamError,
};

/** Cohere's v2 chat of providers. */
export const cohereOutbound: OutboundDialect = {
  name: "cohere",
  buildChatCall,
  parseChatResponse,
  createStreamParser: (target) => new CohereStreamParser(target),
  parseError,
  embeddings: { buildCall: buildEmbeddingCall, parseResponse: parseEmbeddingResponse },
};
