import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { leavingOut, saysHint } from "../dropped-fields.ts";
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
  heldBesides: new Set(["thinking", "documents", "citation_options", "safety_mode", "raw_prompting"]),
};

const hints = leavingOut("user", "safety_identifier", "metadata", "cache_control", "name", "is_error");

/** Cohere's v2 chat of providers. */
export const cohereOutbound: OutboundDialect = {
  name: "cohere",
  buildChatCall,
  leavesOut(request) {
    // They are strict together or not at all.
    const areStrict = request.tools?.every(({ strict }) => strict === true) === true;
    return areStrict || !saysHint(request, "strict") ? hints(request) : [...hints(request), "strict"];
  },
  parseChatResponse,
  createStreamParser: (target) => new CohereStreamParser(target),
  parseError,
  embeddings: { buildCall: buildEmbeddingCall, parseResponse: parseEmbeddingResponse },
};
