import type { MessagesBlock, MessagesMessage, MessagesRequest } from "./anthropic-requests.ts";
import { Refusal } from "./http-provider.ts";

/** What Anthropic refuses although every field is well-formed. */

export function refuse(status: number, type: string, message: string): Refusal {
  return new Refusal(status, { type: "error", error: { type, message }, request_id: "req_anthropic" });
}

function invalid(message: string): Refusal {
  return refuse(400, "invalid_request_error", message);
}

/** The signature that goes with a text of thinking: only what the model wrote may come back as its thinking. */
export function signatureOf(thinking: string): string {
  return `sig${Buffer.from(thinking).toString("base64")}`;
}

export function blocksOf({ content }: MessagesMessage): MessagesBlock[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

/** 406 for `claude-opus-4-6`. */
function versionOf(model: string): number {
  const match = /-(\d)-(\d)/.exec(model);
  return match === null ? 0 : Number(match[1]) * 100 + Number(match[2]);
}

export function checkMessages(request: MessagesRequest, apiVersion: string): void {
  checkOrder(request);
  checkBlocks(request);
  checkToolTurns(request.messages);
  checkThinking(request);
  checkFormat(request);
  if (request.tool_choice !== undefined && (request.tools ?? []).length === 0) {
    throw invalid("tool_choice: tool_choice may only be specified while providing tools.");
  }
  if (request.stop_sequences?.some((sequence) => sequence.trim() === "") === true) {
    throw invalid("stop_sequences: each stop sequence must contain non-whitespace");
  }
  for (const field of ["temperature", "top_p", "top_k"] as const) {
    if (apiVersion === "2026-10-21" && request[field] !== undefined)
      throw invalid(`${field}: Extra inputs are not permitted`);
  }
}

function checkOrder({ messages, model }: MessagesRequest): void {
  if (messages[0]?.role !== "user") throw invalid('messages: first message must use the "user" role');
  for (const [index, message] of messages.entries()) {
    if (message.role !== "system") continue;
    const next = messages[index + 1];
    if (versionOf(model) < 408) throw invalid(`messages.${index}.role: role 'system' is not supported on this model`);
    if (messages[index - 1]?.role !== "user" || (next !== undefined && next.role !== "assistant")) {
      throw invalid(`messages.${index}: a system message must follow a user turn and precede an assistant turn`);
    }
  }
  if (messages.at(-1)?.role === "assistant" && versionOf(model) >= 406) {
    throw invalid("messages: this model does not support assistant message prefill.");
  }
}

function checkBlocks({ messages, system }: MessagesRequest): void {
  const texts = Array.isArray(system) ? system.map((block) => block.text) : [];
  if (texts.includes("")) throw invalid("system: text content blocks must be non-empty");
  for (const [index, message] of messages.entries()) {
    const blocks = blocksOf(message);
    if (blocks.length === 0) throw invalid(`messages.${index}: all messages must have non-empty content`);
    for (const block of blocks) {
      if (block.type === "text" && block.text === "") throw invalid("messages: text content blocks must be non-empty");
    }
  }
}

function checkToolTurns(messages: readonly MessagesMessage[]): void {
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    const blocks = blocksOf(message);
    const results = blocks.flatMap((block) => (block.type === "tool_result" ? [block.tool_use_id] : []));
    const unexpected = results.find((id) => !open.includes(id));
    if (unexpected !== undefined) {
      throw invalid(
        `messages.${index}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${unexpected}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    }
    const first = blocks.slice(0, results.length).every((block) => block.type === "tool_result");
    const missing = open.filter((id) => !results.includes(id));
    if (missing.length > 0 || !first) {
      throw invalid(
        `messages.${index - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      );
    }
    open = blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
    if (new Set(open).size < open.length) throw invalid(`messages.${index}: \`tool_use\` ids must be unique`);
  }
  if (open.length > 0)
    throw invalid(`messages.${messages.length - 1}: \`tool_use\` ids without \`tool_result\`: ${open}`);
}

function checkThinking({ thinking, model, max_tokens, temperature, tool_choice, messages }: MessagesRequest): void {
  for (const [index, message] of messages.entries()) {
    for (const [position, block] of blocksOf(message).entries()) {
      if (block.type === "thinking" && block.signature !== signatureOf(block.thinking)) {
        throw invalid(`messages.${index}.content.${position}: Invalid \`signature\` in \`thinking\` block`);
      }
    }
  }
  if (thinking === undefined || thinking.type === "disabled" || thinking.type === "between_tools") return;
  const version = versionOf(model);
  if (thinking.type === "adaptive" && version < 406) {
    throw invalid("thinking.type: adaptive thinking is not supported on this model");
  }
  if (thinking.type === "enabled" && version >= 407) {
    throw invalid('thinking.budget_tokens: not supported on this model. Use {"type": "adaptive"}.');
  }
  if (thinking.type === "enabled" && thinking.budget_tokens >= max_tokens) {
    throw invalid("`max_tokens` must be greater than `thinking.budget_tokens`.");
  }
  if (temperature !== undefined && temperature !== 1) {
    throw invalid("`temperature` may only be set to 1 when thinking is enabled.");
  }
  if (tool_choice?.type === "any" || tool_choice?.type === "tool") {
    throw invalid("Thinking may not be enabled when tool_choice forces tool use.");
  }
  checkThinkingBeforeTools(messages, thinking.type === "enabled");
}

/** Within a tool loop the assistant's turn must begin with the thinking that led to its calls. */
function checkThinkingBeforeTools(messages: readonly MessagesMessage[], demanded: boolean): void {
  const index = messages.findLastIndex((message) => message.role === "assistant");
  const message = messages[index];
  if (!demanded || message === undefined) return;
  const blocks = blocksOf(message);
  const first = blocks[0]?.type;
  if (!blocks.some((block) => block.type === "tool_use") || first === "thinking" || first === "redacted_thinking")
    return;
  throw invalid(
    `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block.`,
  );
}

function checkFormat({ output_config: config, model }: MessagesRequest): void {
  if (config?.effort != null && versionOf(model) < 405) {
    throw invalid("output_config.effort: not supported on this model");
  }
  const schema = config?.format?.schema;
  if (schema?.type === "object" && schema.additionalProperties !== false) {
    throw invalid(
      "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
    );
  }
}
