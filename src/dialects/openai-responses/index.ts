import type { InboundDialect, OutboundDialect } from "../../contracts/dialect.ts";
import { formatError, parseError } from "../openai/errors.ts";
import { openaiOutbound } from "../openai/index.ts";
import { isShared } from "../openai-fields.ts";
import { buildChatCall } from "./build-request.ts";
import { failureIn, formatStreamError } from "./errors.ts";
import { formatChatResponse } from "./format-answer.ts";
import { leavesOut } from "./left-out.ts";
import { parseChatResponse } from "./parse-answer.ts";
import { parseChatRequest } from "./parse-request.ts";
import { echo } from "./response-object.ts";
import { spell } from "./spelling.ts";
import { ResponsesStreamFormatter } from "./stream-formatter.ts";
import { ResponsesStreamParser } from "./stream-parser.ts";

export { responsesPassthrough } from "./passthrough.ts";

/** The Responses API for callers: `POST /v1/responses`. */
export const responsesInbound: InboundDialect = {
  name: "openai-responses",
  parseChatRequest,
  echo,
  spell,
  formatChatResponse,
  createStreamFormatter: (context) => new ResponsesStreamFormatter(context),
  formatError,
  formatStreamError,
  heldBesides: new Set([
    ...["include", "reasoning", "text", "tools", "tool_choice", "max_tool_calls", "stream_options", "store"],
    // Where they ask for something they are refused.
    ...["truncation", "background"],
  ]),
};

/** The Responses API of OpenAI and of every server that has it; embeddings are those beside Chat Completions. */
export const responsesOutbound: OutboundDialect = {
  name: "openai-responses",
  buildChatCall,
  leavesOut,
  takes: isShared,
  parseChatResponse,
  createStreamParser: (target) => new ResponsesStreamParser(target),
  failureIn,
  parseError,
  embeddings: openaiOutbound.embeddings,
};
