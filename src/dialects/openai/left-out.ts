import type { TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest } from "../../contracts/ir.ts";
import { type Hint, saysHint } from "../dropped-fields.ts";
import { REASONING_MODEL } from "./build-request.ts";

/** See OutboundDialect: cache markers, that a result is an error, labels of callers who store nothing, and a budget for thinking at models that don't reason. */
export function leavesOut(request: ChatRequest, { model }: TargetModel): string[] {
  const hints: Hint[] = ["cache_control", "is_error"];
  if (request.extra !== undefined && request.extra.dialect !== "openai") hints.push("metadata");
  const left: string[] = hints.filter((hint) => saysHint(request, hint));
  if (isBudgetLost(request, model)) left.push("reasoning.max_tokens");
  return left;
}

/** Of OpenAI's two APIs, neither knows budgets: models that reason are given an effort. */
export function isBudgetLost({ reasoning }: ChatRequest, model: string): boolean {
  const isAsked = reasoning?.budgetTokens !== undefined && reasoning.effort === undefined;
  return isAsked && !REASONING_MODEL.test(model);
}
