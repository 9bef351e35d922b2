import type { AnswerContext } from "../../contracts/dialect.ts";
import type { FinishReason, Usage } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { writeUsage } from "./usage.ts";

/** The `response` object, of whole answers and in the events of a stream. */

const ECHOED = [
  ...["instructions", "max_output_tokens", "metadata", "parallel_tool_calls", "prompt_cache_key", "reasoning"],
  ...["safety_identifier", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "user"],
] as const;

/** Fields of a request that its answers repeat. */
export function echo(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of ECHOED) {
    const value = body[name];
    if (value !== undefined && value !== null) fields[name] = value;
  }
  return fields;
}

export interface ResponseHead {
  id: string;
  createdAt: number;
}

export function responseHead(id: string, createdAt: number | undefined, context: AnswerContext): ResponseHead {
  const own = id === "" ? context.requestId : id;
  return {
    id: own.startsWith("resp_") ? own : `resp_${own}`,
    createdAt: createdAt ?? Math.floor(Date.now() / 1000),
  };
}

/** Ids of the items of an answer differ over a conversation. */
export function itemId(head: ResponseHead, prefix: "msg" | "rs" | "fc" | "ig", index: number): string {
  return `${prefix}_${head.id.slice("resp_".length).replaceAll(/[^\w-]/g, "_")}_${index}`;
}

export interface ResponseState {
  status: "in_progress" | "completed" | "incomplete" | "failed";
  incompleteReason?: "max_output_tokens" | "content_filter";
  error?: { code: string; message: string };
}

export function responseObject(
  head: ResponseHead,
  context: AnswerContext,
  state: ResponseState,
  output: readonly JsonObject[],
  usage: Usage | undefined,
): JsonObject {
  return {
    id: head.id,
    object: "response",
    created_at: head.createdAt,
    status: state.status,
    background: false,
    error: state.error ?? null,
    incomplete_details: state.incompleteReason === undefined ? null : { reason: state.incompleteReason },
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: context.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    // Whatever the request says: no other provider keeps answers, and Tidegate does not either.
    store: false,
    temperature: null,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: null,
    truncation: "disabled",
    ...context.echo,
    usage: usage === undefined ? null : writeUsage(usage),
  };
}

/** `refused`: the answer holds a refusal in so many words. One without can only be said as a filter's. */
export function stateOf(reason: FinishReason, refused: boolean): ResponseState {
  switch (reason) {
    case "length":
      return { status: "incomplete", incompleteReason: "max_output_tokens" };
    case "content_filter":
      return { status: "incomplete", incompleteReason: "content_filter" };
    case "refusal":
      return refused ? { status: "completed" } : { status: "incomplete", incompleteReason: "content_filter" };
    case "error":
      return {
        status: "failed",
        error: { code: "server_error", message: "The model ended its answer with an error." },
      };
    default:
      return { status: "completed" };
  }
}
