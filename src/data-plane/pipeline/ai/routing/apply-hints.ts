import { type ErrorCode, GatewayError } from "../../../../contracts/errors.ts";
import type { Context } from "../../context.ts";
import type { AiTarget } from "../ai-target.ts";
import type { ModelRoute } from "../model-routes.ts";
import type { ClientHints } from "./client-hints.ts";

/** Throws `invalid_request` for what the model route asked for does not let callers say. */
export function requireAllowed({ name, clientHints }: ModelRoute, { said }: ClientHints): void {
  for (const [hint, param] of said) {
    if (clientHints.has(hint)) continue;
    const message = `\`${param}\` is not allowed for model \`${name}\`: its callers have no say in that (client_hints)`;
    throw new GatewayError("invalid_request", message, { param });
  }
}

/** Whether the targets of a call are others, or come in another order, than its model route has it. */
export function choosesTargets({ fallbacks, noFallback, providerOrder, providerOnly }: ClientHints): boolean {
  return fallbacks.length > 0 || noFallback || providerOrder !== null || providerOnly !== null;
}

/**
 * A model route for one call, made of those that its hints name. `resolve`: where calls of a name go, which throws
 * `model_not_found` and `model_not_allowed`: callers get by a hint what they would get by the name, and no more. `mayServe`: whether a target may get the call at all.
 */
export function applyHints(
  route: ModelRoute,
  hints: ClientHints,
  context: Context,
  resolve: (model: string) => ModelRoute,
  mayServe: (target: AiTarget) => boolean,
): ModelRoute {
  const { timeouts } = route;
  const applied: ModelRoute = {
    ...route,
    timeouts: {
      ...timeouts,
      totalMs: shorter(timeouts.totalMs, hints.totalMs),
      firstByteMs: shorter(timeouts.firstByteMs, hints.firstByteMs),
    },
    dropsUnsupported: hints.dropsUnsupported ?? route.dropsUnsupported,
    maxAttempts: hints.maxAttempts,
    askedFirstByteMs: hints.firstByteMs ?? 0,
  };
  if (!choosesTargets(hints)) return applied;
  const routes = [route];
  if (!hints.noFallback) for (const { model, param } of hints.fallbacks) routes.push(resolved(model, param, resolve));
  const ordered = routes.flatMap((one) => one.order(context).map((index) => one.targets[index] as AiTarget));
  const targets = byProvider(withoutRepeats(ordered), route.name, hints);
  const able = targets.filter(mayServe);
  const kept = hints.noFallback ? (able.length > 0 ? able : targets).slice(0, 1) : targets;
  const inOrder = kept.map((_, index) => index);
  return { ...applied, targets: kept, order: () => inOrder };
}

function resolved(model: string, param: string, resolve: (model: string) => ModelRoute): ModelRoute {
  try {
    return resolve(model);
  } catch (error) {
    if (!(error instanceof GatewayError) || !OF_NAMES.has(error.code)) throw error;
    throw new GatewayError(error.code, `\`${param}\`: ${error.message}`, { param });
  }
}

const OF_NAMES: ReadonlySet<ErrorCode> = new Set(["model_not_found", "model_not_allowed"]);

function withoutRepeats(targets: readonly AiTarget[]): AiTarget[] {
  const seen = new Set<string>();
  return targets.filter(({ provider, target }) => {
    const key = `${provider.id} ${target.model}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Those of the providers that the caller has named, in its order; then, unless only those are asked for, all others. */
function byProvider(targets: AiTarget[], model: string, { providerOrder, providerOnly }: ClientHints): AiTarget[] {
  const known = new Set(targets.map(({ provider }) => provider.id));
  for (const [names, param] of [
    [providerOrder, "x-tidegate-provider-order"],
    [providerOnly, "x-tidegate-provider-only"],
  ] as const) {
    const unknown = names?.find((id) => !known.has(id));
    if (unknown === undefined) continue;
    const message = `\`${param}\` names \`${unknown.slice(0, 64)}\`, at which model \`${model}\` has no target: use ${[...known].join(", ")}`;
    throw new GatewayError("invalid_request", message, { param });
  }
  const only = providerOnly === null ? targets : targets.filter(({ provider }) => providerOnly.includes(provider.id));
  const order = providerOrder ?? providerOnly;
  if (order === null) return only;
  const rank = ({ provider }: AiTarget) => (order.includes(provider.id) ? order.indexOf(provider.id) : order.length);
  return only
    .map((target, index) => ({ target, index }))
    .sort((a, b) => rank(a.target) - rank(b.target) || a.index - b.index)
    .map(({ target }) => target);
}

/** 0: no limit. */
function shorter(ownMs: number, hintMs: number | null): number {
  if (hintMs === null) return ownMs;
  return ownMs === 0 ? hintMs : Math.min(ownMs, hintMs);
}
