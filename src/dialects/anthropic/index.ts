import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { formatChatResponse, parseChatResponse } from "./answer.ts";
import { formatError, formatStreamError, parseError } from "./errors.ts";
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
};

/** The Messages API of providers. Anthropic has no embeddings. */
export const anthropicOutbound: OutboundDialect = {
  name: "anthropic",
  buildChatCall,
  parseChatResponse,
  createStreamParser: () => new AnthropicStreamParser(),
  parseError,
  embeddings: null,
};
