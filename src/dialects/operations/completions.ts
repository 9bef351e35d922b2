import type { AnswerContext } from "../../contracts/dialect.ts";
import type { ChatResponse, Choice } from "../../contracts/ir.ts";
import { buildChatCall } from "../build-call.ts";
import { invalid, type JsonObject, optionalBoolean, optionalNumber } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { inboundDialects, outboundDialects } from "../index.ts";
import { writeFinishReason } from "../openai/finish-reason.ts";
import { nowSeconds } from "../openai/format-answer.ts";
import { writeUsage } from "../openai/usage.ts";
import type { Operation } from "./operation.ts";
import { TextCompletionFormatter } from "./text-completion-formatter.ts";

/** What the API says that holds where a caller does not. */
const DEFAULT_MAX_TOKENS = 16;

/**
 * `POST /v1/completions` of a chat model: the prompt is what the user says, and the answer's text what follows. What only a model
 * that goes on with a text can do is refused by its name: `suffix`, `logprobs`, `best_of`, token ids, several prompts at once.
 */
export const completions: Operation = {
  build(body, plan) {
    const prompt = promptOf(body);
    const request = inboundDialects.openai.parseChatRequest(chatOf(body, prompt));
    request.model = plan.target.model;
    // Limits and log want to know, whatever the caller wants to see.
    request.includeUsage = true;
    const call = buildChatCall(inboundDialects.openai, outboundDialects[plan.outbound], request, plan.target);
    const echo = optionalBoolean(body, "echo", "") === true ? { prompt } : {};
    return { ...call, passthrough: false, echo };
  },
  translate(answer, plan, context) {
    const response = outboundDialects[plan.outbound].parseChatResponse(answer, plan.target);
    return { text: formatCompletion(response, context), usage: response.usage ?? null };
  },
  createStreamFormatter: (context) => new TextCompletionFormatter(context),
};

function promptOf({ prompt }: Readonly<JsonObject>): string {
  const only: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  if (typeof only === "string") return only;
  if (!Array.isArray(only) || only.length === 0) throw invalid("prompt", "must be a string.");
  const what = typeof only[0] === "string" ? "holds several prompts" : "holds token ids";
  throw unsupportedField("prompt", `${what}, but this model takes one text`);
}

/** Chat Completions has the other fields by the same names. */
function chatOf(body: Readonly<JsonObject>, prompt: string): JsonObject {
  const { prompt: _prompt, suffix, logprobs, best_of: _bestOf, echo: _echo, max_tokens: maxTokens, ...shared } = body;
  if (suffix !== undefined && suffix !== null && suffix !== "") {
    throw unsupportedField("suffix", "is not taken by a model that answers chats");
  }
  if (logprobs !== undefined && logprobs !== null) {
    throw unsupportedField("logprobs", "is not told in this form by a model that answers chats");
  }
  const n = optionalNumber(body, "n", "", { min: 1, integer: true }) ?? 1;
  const bestOf = optionalNumber(body, "best_of", "", { min: 1, integer: true }) ?? n;
  if (bestOf > n) throw unsupportedField("best_of", "is not done by a model that answers chats");
  const messages = [{ role: "user", content: prompt }];
  return { ...shared, messages, max_tokens: maxTokens ?? DEFAULT_MAX_TOKENS };
}

function formatCompletion(response: ChatResponse, context: AnswerContext): string {
  const before = echoed(context);
  return JSON.stringify({
    id: response.id === "" ? `cmpl-${context.requestId}` : response.id,
    object: "text_completion",
    created: response.createdAt ?? nowSeconds(),
    model: context.model,
    choices: response.choices.map((choice) => ({
      text: before + textOf(choice),
      index: choice.index,
      logprobs: null,
      finish_reason: writeFinishReason(choice.finishReason, true),
    })),
    ...(response.usage === undefined ? {} : { usage: writeUsage(response.usage) }),
  });
}

function textOf({ content }: Choice): string {
  return content.map((part) => (part.type === "text" || part.type === "refusal" ? part.text : "")).join("");
}

/** The prompt, where the answer is to begin with it. */
export function echoed({ echo }: AnswerContext): string {
  return typeof echo?.prompt === "string" ? echo.prompt : "";
}
