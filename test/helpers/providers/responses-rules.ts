import { checkStrictSchema, isReasoningModel, refuse } from "./openai-rules.ts";
import type { ResponsesItem, ResponsesRequest } from "./responses-requests.ts";

/** What OpenAI refuses of a Responses request although every field is well-formed. */

/** What this provider encrypts begins with this; it knows nothing else. */
export const ENCRYPTED = "gAAAA-simulated-";

export function checkResponses(request: ResponsesRequest, items: readonly ResponsesItem[]): void {
  checkModelParameters(request);
  checkCalls(items);
  checkReasoning(request, items);
  const format = request.text?.format;
  if (format?.type === "json_object" && !/json/i.test(JSON.stringify(items))) {
    const message =
      "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
    throw refuse(400, { message, param: "input", code: null });
  }
  if (format?.type === "json_schema" && format.strict === true) {
    checkStrictSchema(format.schema, `response_format '${format.name}'`, "text.format.schema");
  }
  for (const [index, tool] of (request.tools ?? []).entries()) {
    if (tool.type === "function" && tool.strict === true) {
      checkStrictSchema(tool.parameters, `function '${tool.name}'`, `tools[${index}].parameters`);
    }
  }
}

function checkModelParameters(request: ResponsesRequest): void {
  const reasons = isReasoningModel(request.model);
  if (reasons && request.temperature != null && request.temperature !== 1) {
    const message = "Unsupported parameter: 'temperature' is not supported with this model.";
    throw refuse(400, { message, param: "temperature", code: null });
  }
  if (!reasons && (request.reasoning?.effort != null || request.reasoning?.summary != null)) {
    const param = request.reasoning.effort == null ? "reasoning.summary" : "reasoning.effort";
    const message = `Unsupported parameter: '${param}' is not supported with this model.`;
    throw refuse(400, { message, param, code: "unsupported_parameter" });
  }
  if (!reasons && request.include?.includes("reasoning.encrypted_content") === true) {
    const message = "Encrypted content is not supported with this model.";
    throw refuse(400, { message, param: "include", code: null });
  }
}

/** Every call has an output and every output a call. */
function checkCalls(items: readonly ResponsesItem[]): void {
  const open = new Set<string>();
  for (const item of items) {
    if (item.type === "function_call") open.add(item.call_id);
    if (item.type === "function_call_output" && !open.delete(item.call_id)) {
      const message = `No tool call found for function call output with call_id ${item.call_id}.`;
      throw refuse(400, { message, param: "input", code: null });
    }
  }
  const [unanswered] = open;
  if (unanswered !== undefined) {
    const message = `No tool output found for function call ${unanswered}.`;
    throw refuse(400, { message, param: "input", code: null });
  }
}

/** A model that reasons wants back what it thought before it called; nobody can show it another's thoughts. */
function checkReasoning(request: ResponsesRequest, items: readonly ResponsesItem[]): void {
  let thoughts = 0;
  for (const [index, item] of items.entries()) {
    if (item.type === "reasoning") {
      thoughts += 1;
      if (item.encrypted_content?.startsWith(ENCRYPTED) !== true) {
        const message = `The encrypted content for item ${item.id} could not be verified.`;
        throw refuse(400, { message, param: `input[${index}]`, code: "invalid_encrypted_content" });
      }
    }
    if (item.type === "function_call" && isReasoningModel(request.model) && thoughts === 0) {
      const message = `Item '${item.call_id}' of type 'function_call' was provided without its required 'reasoning' item.`;
      throw refuse(400, { message, param: "input", code: null });
    }
  }
}
