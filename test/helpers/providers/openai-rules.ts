import { Refusal } from "./http-provider.ts";
import type { ChatRequest } from "./openai-requests.ts";

/** What OpenAI refuses although every field is well-formed. */

export interface OpenaiProblem {
  message: string;
  param: string | null;
  code: string | null;
}

export function refuse(status: number, problem: OpenaiProblem, type = "invalid_request_error"): Refusal {
  const { message, param, code } = problem;
  return new Refusal(status, { error: { message, type, param, code } });
}

/** Models that reason take neither `max_tokens` nor sampling parameters, and the others no `reasoning_effort`. */
export function isReasoningModel(model: string): boolean {
  return /^(?:o\d|gpt-[5-9])/.test(model);
}

export function checkChat(request: ChatRequest): void {
  checkModelParameters(request);
  checkToolTurns(request);
  if (request.stream_options != null && request.stream !== true) {
    throw refuse(400, {
      message: "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
      param: "stream_options",
      code: null,
    });
  }
  if (request.metadata != null && request.store !== true) {
    const message = "The 'metadata' parameter is only allowed when 'store' is enabled.";
    throw refuse(400, { message, param: "metadata", code: null });
  }
  for (const field of ["tool_choice", "parallel_tool_calls"] as const) {
    if (request[field] !== undefined && request.tools === undefined) {
      const message = `Invalid value for '${field}': '${field}' is only allowed when 'tools' are specified.`;
      throw refuse(400, { message, param: field, code: null });
    }
  }
  const { response_format: format } = request;
  if (format?.type === "json_object" && !/json/i.test(JSON.stringify(request.messages))) {
    const message =
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
    throw refuse(400, { message, param: "messages", code: null });
  }
  if (format?.type === "json_schema" && format.json_schema.strict === true) {
    checkStrictSchema(format.json_schema.schema, `response_format '${format.json_schema.name}'`, "response_format");
  }
  for (const [index, tool] of (request.tools ?? []).entries()) {
    if (tool.function.strict !== true) continue;
    checkStrictSchema(
      tool.function.parameters,
      `function '${tool.function.name}'`,
      `tools[${index}].function.parameters`,
    );
  }
}

function checkModelParameters(request: ChatRequest): void {
  if (isReasoningModel(request.model)) {
    if (request.max_tokens != null) {
      const message =
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
      throw refuse(400, { message, param: "max_tokens", code: "unsupported_parameter" });
    }
    if (request.temperature != null && request.temperature !== 1) {
      const message = `Unsupported value: 'temperature' does not support ${request.temperature} with this model. Only the default (1) value is supported.`;
      throw refuse(400, { message, param: "temperature", code: "unsupported_value" });
    }
    if (request.stop != null) {
      const message = "Unsupported parameter: 'stop' is not supported with this model.";
      throw refuse(400, { message, param: "stop", code: "unsupported_parameter" });
    }
  } else if (request.reasoning_effort != null) {
    const message = "Unrecognized request argument supplied: reasoning_effort";
    throw refuse(400, { message, param: null, code: null });
  }
}

/** Every call is answered by the tool messages right after it, and by nothing else. */
function checkToolTurns({ messages }: ChatRequest): void {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === "tool") {
      if (!open.delete(message.tool_call_id)) {
        const text =
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
        throw refuse(400, { message: text, param: `messages.[${index}].role`, code: null });
      }
      continue;
    }
    checkAnswered(open, index);
    open = new Set(message.role === "assistant" ? message.tool_calls?.map((call) => call.id) : []);
    if (message.role === "assistant" && message.content == null && message.tool_calls === undefined) {
      if (message.refusal == null) {
        const text = "Invalid value for 'content': expected a string, got null.";
        throw refuse(400, { message: text, param: `messages.[${index}].content`, code: null });
      }
    }
  }
  checkAnswered(open, messages.length);
}

function checkAnswered(open: ReadonlySet<string>, index: number): void {
  if (open.size === 0) return;
  const message = `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(", ")}`;
  throw refuse(400, { message, param: `messages.[${index}].role`, code: null });
}

/** Structured outputs: every object closed, every property required. */
export function checkStrictSchema(schema: unknown, where: string, param: string): void {
  if (typeof schema !== "object" || schema === null) return;
  const node = Object.fromEntries(Object.entries(schema));
  if (node.type === "object" || node.properties !== undefined) {
    const names = Object.keys(node.properties ?? {});
    const required = Array.isArray(node.required) ? node.required : [];
    if (node.additionalProperties !== false) {
      const message = `Invalid schema for ${where}: In context=(), 'additionalProperties' is required to be supplied and to be false.`;
      throw refuse(400, { message, param, code: "invalid_function_parameters" });
    }
    const missing = names.find((name) => !required.includes(name));
    if (missing !== undefined) {
      const message = `Invalid schema for ${where}: In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
      throw refuse(400, { message, param, code: "invalid_function_parameters" });
    }
    for (const value of Object.values(node.properties ?? {})) checkStrictSchema(value, where, param);
  }
  if (node.items !== undefined) checkStrictSchema(node.items, where, param);
}
