import type { Stage } from "../pipeline.ts";
import { checkAddress } from "../policies/address-list.ts";
import { CallPolicies } from "../policies/call-policies.ts";
import type { ModelAccessRules } from "../policies/model-access.ts";
import { requireTool, type ToolAccessRules } from "../policies/tool-access.ts";

/**
 * Between authorize and admit: which policies hold for the call, now that route, release, caller and subscription are
 * known, and whether its address is let in, and to the tool that it calls. Before admit, so that those who are not let in use up nobody's limits.
 */
export function compile(models: ModelAccessRules, tools: ToolAccessRules): Stage {
  const callPolicies = new CallPolicies();
  return (context) => {
    const { target } = context;
    if (target === null || target.kind === "health") return "next";
    const policies = callPolicies.of(target, context.application, context.subscription);
    context.policies = policies;
    if (target.kind === "ai") {
      context.modelAccess = models.of(target.models, context.application, context.subscription);
    }
    if (policies !== null) checkAddress(policies.addressLists, context.exchange.clientAddress);
    if (target.kind === "rest" && target.snapshot.kind === "mcp") {
      context.toolAccess = tools.of(target.snapshot, context.application, context.subscription);
      requireTool(context);
    }
    return "next";
  };
}
