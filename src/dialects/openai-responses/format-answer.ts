import type { AnswerContext } from "../../contracts/dialect.ts";
import type { ChatResponse, Choice } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import {
  annotationsOf,
  functionCallItem,
  type ItemStatus,
  imageItem,
  logprobsOf,
  messageItem,
  reasoningItem,
  refusalPart,
  textPart,
} from "./output-items.ts";
import { itemId, type ResponseHead, responseHead, responseObject, stateOf } from "./response-object.ts";

/**
 * The JSON text of a `response`. Only the first choice is written: callers of this dialect can't ask for more. Audio and
 * files in an answer have no item here.
 */
export function formatChatResponse(response: ChatResponse, context: AnswerContext): string {
  const head = responseHead(response.id, response.createdAt, context);
  const choice = response.choices[0];
  const refused = choice?.content.some((part) => part.type === "refusal") ?? false;
  const state = stateOf(choice?.finishReason ?? "other", refused);
  const output = choice === undefined ? [] : outputOf(choice, head, state.status === "incomplete");
  return JSON.stringify(responseObject(head, context, state, output, response.usage));
}

function outputOf(choice: Choice, head: ResponseHead, incomplete: boolean): JsonObject[] {
  const output: JsonObject[] = [];
  let logprobs = logprobsOf(choice.logprobs);
  /** Characters of the texts before. */
  let said = 0;
  /** Of the message that texts in a row belong to. */
  let content: JsonObject[] | null = null;
  const { content: parts } = choice;
  for (const [index, part] of parts.entries()) {
    const status: ItemStatus = incomplete && index === parts.length - 1 ? "incomplete" : "completed";
    if (part.type === "text" || part.type === "refusal") {
      if (part.text === "") continue;
      if (content === null) {
        content = [];
        output.push(messageItem(itemId(head, "msg", output.length), content, "completed"));
      }
      const written =
        part.type === "text"
          ? textPart(part.text, logprobs, annotationsIn(choice, said, part.text.length))
          : refusalPart(part.text);
      content.push(written);
      // They are those of the whole text.
      if (part.type === "text") {
        logprobs = [];
        said += part.text.length;
      }
      const message = output.at(-1);
      if (message !== undefined) message.status = status;
      continue;
    }
    content = null;
    if (part.type === "thinking") output.push(reasoningItem(itemId(head, "rs", output.length), part));
    else if (part.type === "tool_call") output.push(functionCallItem(itemId(head, "fc", output.length), part, status));
    else if (part.type === "image") {
      const item = imageItem(itemId(head, "ig", output.length), part);
      if (item !== null) output.push(item);
    }
  }
  return output;
}

/** Of the text that begins at `from`. */
function annotationsIn({ citations = [] }: Choice, from: number, length: number): JsonObject[] {
  const ofText = citations.filter(({ start }) => start >= from && start < from + length);
  return ofText.flatMap((citation) => annotationsOf(citation, from));
}
