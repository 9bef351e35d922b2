import { GatewayError } from "../../contracts/errors.ts";
import type { ChatRequest, DialectName } from "../../contracts/ir.ts";
import type { ProviderEndpoint } from "../../contracts/provider-endpoints.ts";
import { buildChatCall } from "../build-call.ts";
import { asObject, isObject, type JsonObject } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { inboundDialects, outboundDialects } from "../index.ts";
import { countOf } from "../json.ts";
import { JSON_HEADERS, type Operation, type OperationPlan, pathFor } from "./operation.ts";

/**
 * How many tokens a request would have as input. The request is translated as the chat it stands for, and what remains is asked
 * of the provider's own counter: an estimate is no count, so that a model of a provider without one is refused.
 */
export const countTokens: Operation = {
  build(body, plan, endpoint) {
    const form = endpoint === undefined ? undefined : FORMS[endpoint.form ?? ""];
    if (endpoint === undefined || form === undefined) throw noCounter();
    const { target } = plan;
    const request = parseRequest(body, plan);
    request.model = target.model;
    // No counter asks for a limit of the answer; where a chat must have one, it must not get in the way of thinking.
    if (form.outbound === "gemini") delete request.maxOutputTokens;
    else request.maxOutputTokens = UNLIMITED_TOKENS;
    const chat = buildChatCall(inboundDialects[plan.inbound], outboundDialects[form.outbound], request, target);
    return {
      path: pathFor(endpoint, target.model),
      query: "",
      headers: { ...chat.headers, ...JSON_HEADERS },
      body: JSON.stringify(form.counted(JSON.parse(chat.body), target.model)),
      passthrough: false,
    };
  },
  translate(answer, { inbound }, _context, endpoint) {
    const field = FORMS[endpoint?.form ?? ""]?.field ?? "";
    const tokens = isObject(answer) ? countOf(answer[field]) : undefined;
    if (tokens === undefined) {
      throw new GatewayError(
        "upstream_protocol_error",
        `the provider's answer holds no count of tokens (\`${field}\`)`,
      );
    }
    return { text: JSON.stringify(ANSWERS[inbound]?.(tokens) ?? {}), usage: null };
  },
};

const UNLIMITED_TOKENS = 200_000;

function noCounter(): GatewayError {
  return unsupportedField("model", "names a model of a provider that does not count tokens");
}

const ANSWERS: Partial<Record<DialectName, (tokens: number) => JsonObject>> = {
  anthropic: (tokens) => ({ input_tokens: tokens }),
  "openai-responses": (tokens) => ({ object: "response.input_tokens", input_tokens: tokens }),
  gemini: (tokens) => ({ totalTokens: tokens }),
  bedrock: (tokens) => ({ inputTokens: tokens }),
};

/** The chat that is to be counted, from where each API's counter has it. */
function parseRequest(body: Readonly<JsonObject>, { inbound }: OperationPlan): ChatRequest {
  const { parseChatRequest } = inboundDialects[inbound];
  switch (inbound) {
    case "anthropic":
      // The counter takes no limit, and the chat has to have one.
      return parseChatRequest({ ...body, max_tokens: 1 });
    case "gemini":
      return parseChatRequest(geminiChat(body));
    case "bedrock":
      return parseChatRequest(converseChat(body));
    case "openai-responses":
      // Without anything to be said there are still instructions and tools.
      return parseChatRequest({ ...body, input: body.input ?? "" });
    default:
      return parseChatRequest(body);
  }
}

function geminiChat(body: Readonly<JsonObject>): JsonObject {
  const inner = body.generateContentRequest ?? body.generate_content_request;
  if (inner === undefined || inner === null) return body;
  const { model: _model, ...request } = asObject(inner, "generateContentRequest");
  return request;
}

function converseChat(body: Readonly<JsonObject>): JsonObject {
  const input = asObject(body.input, "input");
  if (input.invokeModel !== undefined) {
    throw unsupportedField("input.invokeModel", "is a model's own request, which other providers can't read");
  }
  return asObject(input.converse, "input.converse");
}

interface CounterForm {
  /** Whose callers ask in the same form, and name the model in the body. */
  own: DialectName | null;
  /** In which the chat is written. */
  outbound: DialectName;
  /** What of a chat the counter takes. */
  counted(chat: JsonObject, model: string): JsonObject;
  /** Of the answer. */
  field: string;
}

/** By the `form` of the catalogue. Fields: @anthropic-ai/sdk 1.12, openai 6.49, @google/genai 2.32, client-bedrock-runtime 3.1164. */
const FORMS: Readonly<Record<string, CounterForm>> = {
  anthropic: {
    own: "anthropic",
    outbound: "anthropic",
    counted: only([
      ...["model", "messages", "system", "tools", "tool_choice", "thinking", "cache_control", "output_config"],
      ...["mcp_servers", "context_management", "speed"],
    ]),
    field: "input_tokens",
  },
  responses: {
    own: "openai-responses",
    outbound: "openai-responses",
    counted: only([
      ...["model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text"],
      ...["truncation", "conversation", "previous_response_id"],
    ]),
    field: "input_tokens",
  },
  // The Gemini API counts all of a request only where it is given whole; Vertex AI takes the parts beside each other.
  "gemini-request": {
    own: null,
    outbound: "gemini",
    counted: (chat, model) => ({ generateContentRequest: { model: `models/${model}`, ...chat } }),
    field: "totalTokens",
  },
  "gemini-parts": {
    own: null,
    outbound: "gemini",
    counted: only(["contents", "systemInstruction", "tools", "generationConfig"]),
    field: "totalTokens",
  },
  bedrock: {
    own: null,
    outbound: "bedrock",
    counted: (chat) => {
      const pick = only(["messages", "system", "toolConfig", "additionalModelRequestFields"]);
      return { input: { converse: pick(chat, "") } };
    },
    field: "inputTokens",
  },
  /** Of the provider `simulated`. */
  chat: { own: null, outbound: "openai", counted: (chat) => chat, field: "input_tokens" },
};

function only(fields: readonly string[]): CounterForm["counted"] {
  return (chat) =>
    Object.fromEntries(fields.filter((name) => chat[name] !== undefined).map((name) => [name, chat[name]]));
}

/** Whether a provider's counter takes what callers of a dialect send. */
export function countsAsAsked({ form }: ProviderEndpoint, inbound: DialectName): boolean {
  return FORMS[form ?? ""]?.own === inbound;
}
