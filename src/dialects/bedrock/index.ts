import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { readAddress } from "./address.ts";
import { parseChatResponse } from "./answer.ts";
import { parseError } from "./errors.ts";
import { formatChatResponse } from "./format-answer.ts";
import { errorHeaders, formatError, formatStreamError } from "./format-error.ts";
import { bedrockFraming } from "./framing.ts";
import { buildChatCall } from "./outbound.ts";
import { parseChatRequest } from "./parse-request.ts";
import { spell } from "./spelling.ts";
import { BedrockStreamParser } from "./stream.ts";
import { BedrockStreamFormatter } from "./stream-formatter.ts";

export { bedrockPassthrough } from "./passthrough.ts";

/** Amazon Bedrock's Converse and ConverseStream of callers. */
export const bedrockInbound: InboundDialect = {
  name: "bedrock",
  framing: bedrockFraming,
  readAddress,
  parseChatRequest,
  spell,
  formatChatResponse,
  createStreamFormatter: () => new BedrockStreamFormatter(),
  formatError,
  errorHeaders,
  formatStreamError,
};

/** Amazon Bedrock's Converse and ConverseStream of providers. Embeddings are not a part of Converse. */
export const bedrockOutbound: OutboundDialect = {
  name: "bedrock",
  framing: bedrockFraming,
  buildChatCall,
  parseChatResponse,
  createStreamParser: (target) => new BedrockStreamParser(target),
  parseError,
  embeddings: null,
};
