import type { OutboundDialect } from "../../contracts/dialect.ts";
import { parseChatResponse } from "./answer.ts";
import { parseError } from "./errors.ts";
import { bedrockFraming } from "./framing.ts";
import { buildChatCall } from "./outbound.ts";
import { BedrockStreamParser } from "./stream.ts";

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
