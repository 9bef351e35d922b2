import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { leavingOut } from "../dropped-fields.ts";
import { formatChatResponse, parseChatResponse } from "./answer.ts";
import { failureIn, formatError, formatStreamError, parseError } from "./errors.ts";
import { parseChatRequest } from "./inbound.ts";
import { buildChatCall } from "./outbound.ts";
import { spell } from "./spelling.ts";
import { AnthropicStreamParser } from "./stream.ts";
import { AnthropicStreamFormatter } from "./stream-formatter.ts";

export { anthropicPassthrough } from "./passthrough.ts";

/** The Messages API for callers: `POST /v1/messages`. */
export const anthropicInbound: InboundDialect = {
  name: "anthropic",
  parseChatRequest,
  spell,
  formatChatResponse,
  createStreamFormatter: (context) => new AnthropicStreamFormatter(context),
  formatError,
  formatStreamError,
  heldBesides: new Set(["thinking", "output_config"]),
};

const hints = leavingOut("seed", "metadata", "detail", "name");

/** The Messages API of providers. Anthropic has no embeddings. */
export const anthropicOutbound: OutboundDialect = {
  name: "anthropic",
  buildChatCall,
  ownHeaderMarks: ['"file_id"'],
  leavesOut(request) {
    // One of the two is `metadata.user_id`.
    const isLost = request.user !== undefined && request.safetyIdentifier !== undefined;
    return isLost ? [...hints(request), "safety_identifier"] : hints(request);
  },
  parseChatResponse,
  createStreamParser: () => new AnthropicStreamParser(),
  failureIn,
  parseError,
  embeddings: null,
};
