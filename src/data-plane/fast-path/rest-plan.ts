import type { NativePlan } from "../../../native-bindings/engine.ts";
import { NativeDispatcher } from "../../upstream/native-dispatcher.ts";
import { isIdempotent } from "../../upstream/retry.ts";
import type { RouteTarget } from "../pipeline/compiled.ts";
import { CORS_RESPONSE_HEADERS } from "../pipeline/policies/cors.ts";
import type { RestService } from "../pipeline/rest/rest-service.ts";
import { EMPTY_PLAN, EMPTY_TARGET } from "./empty-plan.ts";

/** Statuses that speak of the target's health: JavaScript judges it. */
const UNHEALTHY_STATUS = [502, 503, 504];

/**
 * How the native side forwards calls of a route to a service; null where it can't: TLS to the upstream, a choice of
 * target that depends on more than turns, or a path that is rewritten by parts. `hiddenHeaders`: never forwarded,
 * whatever the service says. `corsFields`: names and values, alternating, of every answer; null: there is no such policy.
 */
export function restPlan(
  service: RestService,
  { route }: Extract<RouteTarget, { kind: "rest" }>,
  method: string,
  id: number,
  hiddenHeaders: readonly string[],
  corsFields: readonly string[] | null,
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
  const added = [...answerEdits.set, ...answerEdits.add];
  // What is said to all origins alike replaces whatever else says so.
  const answerFields = corsFields === null ? added : [...added.filter(([name]) => !isCors(name)), ...pairs(corsFields)];
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
    droppedAnswerFields: corsFields === null ? editedAnswer : [...editedAnswer, ...CORS_RESPONSE_HEADERS],
    appendedAnswerFields: lines(answerFields),
    writesAnswerId: !editedAnswer.includes("x-request-id"),
    gate: [
      ...new Set([...UNHEALTHY_STATUS, ...retries.on.filter((cause): cause is number => typeof cause === "number")]),
    ],
  };
}

function isCors(name: string): boolean {
  return CORS_RESPONSE_HEADERS.includes(name);
}

/** Of names and values, alternating. */
function pairs(fields: readonly string[]): [string, string][] {
  const all: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) all.push([fields[i] as string, fields[i + 1] as string]);
  return all;
}

function lines(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}
