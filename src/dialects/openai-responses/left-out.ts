import type { TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest } from "../../contracts/ir.ts";
import { leavingOut } from "../dropped-fields.ts";
import { isBudgetLost } from "../openai/left-out.ts";

const hints = leavingOut("seed", "cache_control", "name", "is_error");

/** See OutboundDialect. */
export function leavesOut(request: ChatRequest, { model }: TargetModel): string[] {
  return isBudgetLost(request, model) ? [...hints(request), "reasoning.max_tokens"] : hints(request);
}
