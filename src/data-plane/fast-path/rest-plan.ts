import type { NativePlan } from "../../../native-bindings/engine.ts";
import { NativeDispatcher } from "../../upstream/native-dispatcher.ts";
import { isIdempotent } from "../../upstream/retry.ts";
import type { RouteTarget } from "../pipeline/compiled.ts";
import type { RestService } from "../pipeline/rest/rest-service.ts";
import { EMPTY_PLAN, EMPTY_TARGET } from "./empty-plan.ts";

/** Statuses that speak of the target's health: JavaScript judges it. */
const UNHEALTHY_STATUS = [502, 503, 504];

/**
 * How the native side forwards calls of a route to a service; null where it can't: TLS to the upstream, a choice of
 * target that depends on more than turns, or a path that is rewritten by parts. `hiddenHeaders`: never forwarded,
 * whatever the service says.
 */
export function restPlan(
  service: RestService,
  { route }: Extract<RouteTarget, { kind: "rest" }>,
  method: string,
  id: number,
  hiddenHeaders: readonly string[],
): NativePlan | null {
  const { snapshot, targets, answerEdits } = service;
  const { upstream, requestHeaders } = snapshot;
  if (route.rewrite !== null) return null;
  if (targets.length > 1 && upstream.balance !== "round-robin") return null;
  const native = targets.map((target) => ({
    ...EMPTY_TARGET,
    origin: target.dispatcher instanceof NativeDispatcher ? target.dispatcher.originId : -1,
    numbers: target.state.numbers.index,
    weight: target.weight,
    upstream: target.host,
    pathPrefix: target.pathPrefix,
    host: target.authority,
  }));
  if (native.some(({ origin, numbers }) => origin < 0 || numbers === 0)) return null;
  const edited = [...requestHeaders.remove, ...requestHeaders.set.map(([name]) => name)];
  const editedAnswer = [...answerEdits.remove, ...answerEdits.set.map(([name]) => name)];
  const { timeouts, retries } = upstream;
  return {
    ...EMPTY_PLAN,
    id,
    targets: native,
    roundRobin: true,
    firstByteMs: timeouts.firstByteMs,
    idleMs: timeouts.idleMs,
    totalMs: timeouts.totalMs,
    stripSegments: route.stripPrefix ? route.path.split("/").filter((segment) => segment !== "").length : 0,
    preserveHost: upstream.hostHeader === "preserve",
    setsHost: requestHeaders.set.some(([name]) => name === "host"),
    writesFor: !edited.includes("x-forwarded-for"),
    writesProto: !edited.includes("x-forwarded-proto"),
    writesForwardedHost: !edited.includes("x-forwarded-host"),
    writesId: !edited.includes("x-request-id"),
    idempotent: isIdempotent(method),
    droppedFields: [...edited, ...hiddenHeaders],
    appendedFields: lines([...requestHeaders.set, ...requestHeaders.add]),
    droppedAnswerFields: editedAnswer,
    appendedAnswerFields: lines([...answerEdits.set, ...answerEdits.add]),
    writesAnswerId: !editedAnswer.includes("x-request-id"),
    gate: [
      ...new Set([...UNHEALTHY_STATUS, ...retries.on.filter((cause): cause is number => typeof cause === "number")]),
    ],
  };
}

function lines(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}
