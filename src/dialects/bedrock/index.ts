import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { leavingOut } from "../dropped-fields.ts";
import { readAddress } from "./address.ts";
import { parseChatResponse } from "./answer.ts";
import { parseError } from "./errors.ts";
import { formatChatResponse } from "./format-answer.ts";
import { errorHeaders, formatError, formatStreamError } from "./format-error.ts";
import { bedrockFraming } from "./framing.ts";
import { buildChatCall, isLabel } from "./outbound.ts";
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
  // All that is read into the IR, and `additionalModelRequestFields`, of which the rest is refused.
  heldBesides: new Set([
    ...["messages", "system", "inferenceConfig", "toolConfig", "outputConfig", "additionalModelRequestFields"],
    ...["requestMetadata", "serviceTier", "guardrailConfig", "promptVariables"],
  ]),
};

const hints = leavingOut("seed", "user", "safety_identifier", "detail", "name");

/** Amazon Bedrock's Converse and ConverseStream of providers. Embeddings are not a part of Converse. */
export const bedrockOutbound: OutboundDialect = {
  name: "bedrock",
  framing: bedrockFraming,
  buildChatCall,
  leavesOut(request) {
    const areLost = Object.entries(request.metadata ?? {}).some((label) => !isLabel(label));
    return areLost ? [...hints(request), "metadata"] : hints(request);
  },
  parseChatResponse,
  createStreamParser: (target) => new BedrockStreamParser(target),
  parseError,
  embeddings: null,
};
