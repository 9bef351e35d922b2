import type { ClaudeFields, ConverseBlock, ConverseRequest } from "./bedrock-requests.ts";
import { Refusal } from "./http-provider.ts";

/** What Bedrock refuses although every field is well-formed. */

export function refuse(status: number, type: string, message: string): Refusal {
  return new Refusal(status, { message }, { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/bedrock/` });
}

export function invalid(message: string): Refusal {
  return refuse(400, "ValidationException", message);
}

/** The signature that goes with a text of thinking: only what the model wrote may come back as its thinking. */
export function signatureOf(thinking: string): string {
  return Buffer.from(`signed ${thinking}`).toString("base64");
}

export function checkConverse(request: ConverseRequest, fields: ClaudeFields): void {
  const { messages, toolConfig, inferenceConfig } = request;
  if (messages[0]?.role !== "user") {
    throw invalid("A conversation must start with a user message. Try again with a conversation that starts with one.");
  }
  checkTurns(messages);
  const blocks = messages.flatMap(({ content }) => content);
  const hasToolBlocks = blocks.some((block) => block.toolUse !== undefined || block.toolResult !== undefined);
  if (hasToolBlocks && toolConfig === undefined) {
    throw invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
  }
  const documents = blocks.flatMap(({ document }) => (document === undefined ? [] : [document.name]));
  if (new Set(documents).size < documents.length) throw invalid("Found duplicate document names.");
  if (fields.tool_choice !== undefined && toolConfig === undefined) throw invalid("tool_choice: tools are missing");
  const { thinking } = fields;
  if (thinking === undefined || thinking.type === "disabled") return;
  if (thinking.type === "enabled" && thinking.budget_tokens >= (inferenceConfig?.maxTokens ?? 64_000)) {
    throw invalid("`max_tokens` must be greater than `thinking.budget_tokens`.");
  }
  if (toolConfig?.toolChoice?.any !== undefined || toolConfig?.toolChoice?.tool !== undefined) {
    throw invalid("Thinking may not be enabled when tool_choice forces tool use.");
  }
}

function checkTurns(messages: ConverseRequest["messages"]): void {
  let open: string[] = [];
  for (const [index, { role, content }] of messages.entries()) {
    if (role !== (index % 2 === 0 ? "user" : "assistant")) {
      throw invalid("A conversation must alternate between user and assistant roles.");
    }
    const results = content.flatMap(({ toolResult }) => (toolResult === undefined ? [] : [toolResult.toolUseId]));
    if (results.some((id) => !open.includes(id)) || results.length !== open.length) {
      throw invalid(
        `The number of toolResult blocks at messages.${index}.content exceeds or falls short of the toolUse blocks of the previous turn.`,
      );
    }
    const position = content.findLastIndex((block) => block.toolResult !== undefined);
    if (
      content
        .slice(0, Math.max(0, position))
        .some(({ toolResult, cachePoint }) => toolResult === undefined && cachePoint === undefined)
    ) {
      throw invalid(`messages.${index}: toolResult blocks must come first.`);
    }
    checkThinking(content);
    open = content.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [toolUse.toolUseId]));
  }
}

function checkThinking(content: readonly ConverseBlock[]): void {
  for (const { reasoningContent } of content) {
    const text = reasoningContent?.reasoningText;
    if (text !== undefined && text.signature !== signatureOf(text.text))
      throw invalid("Invalid `signature` in `thinking` block");
  }
}
