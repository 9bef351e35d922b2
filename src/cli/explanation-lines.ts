import type { ExplainedCall, Explanation } from "../bootstrap/explain.ts";

const LABEL_WIDTH = 14;

/** An explanation for people. */
export function explanationLines({ method, url, source, explanation }: ExplainedCall): string[] {
  return [
    `${method} ${url}, by ${source}`,
    "",
    ...entry("verdict", verdictLines(explanation)),
    ...entry("route", explanation.route === null ? ["none"] : [describeRoute(explanation.route)]),
    ...entry(
      "nearly",
      explanation.nearMisses.map((route) => `${describeRoute(route)}: ${reasons(route)}`),
    ),
    ...entry("service", serviceLines(explanation)),
    ...entry("release", releaseLines(explanation)),
    ...entry("application", applicationLines(explanation)),
    ...entry("subscription", subscriptionLines(explanation)),
    ...entry("policies", explanation.policies.map(describePolicy)),
    ...entry("limits", explanation.limits.map(describeLimit)),
    ...entry("cache", cacheLines(explanation)),
    ...entry("model", modelLines(explanation.upstream?.model)),
    ...entry("upstream", upstreamLines(explanation)),
  ];
}

/** Nothing for what does not apply. */
function entry(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : "").padEnd(LABEL_WIDTH)}${line}`);
}

function verdictLines({ verdict, error, upstream }: Explanation): string[] {
  if (error !== null) return [`refused: ${error.status} ${error.code}`, error.message];
  if (verdict === "answered") return ["answered by the gateway itself"];
  const count = upstream?.targets.length ?? 0;
  if (upstream === null) return ["forwarded to the model that the body names: see --model and --body-file"];
  return [`forwarded to ${count === 1 ? "the target" : `one of ${count} targets`}`];
}

type Route = NonNullable<Explanation["route"]>;
type NearRoute = Explanation["nearMisses"][number];

function describeRoute({ id, service, release, path, match, host, methods }: Route): string {
  const of = release === null ? service : `${service}, release ${release}`;
  const name = id === path ? "" : `${id}: `;
  return `${name}${methods === null ? "any method" : methods.join(", ")} ${host ?? "any host"} ${path} (${match}) of ${of}`;
}

const REASONS: Record<NearRoute["because"][number], string> = {
  host: "for another host",
  method: "for other methods",
  release: "the call is for another release",
  undecided: "which release the call is for is not chosen yet",
  precedence: "a narrower route comes first",
};

function reasons({ because }: NearRoute): string {
  return because.map((reason) => REASONS[reason]).join(", ");
}

function serviceLines({ service }: Explanation): string[] {
  return service === null ? [] : [`${service.id} of team ${service.team}, access: ${service.access}`];
}

function releaseLines({ release }: Explanation): string[] {
  if (release === null || release.release === null) return [];
  const why = release.by === null ? "the only one for such calls" : `by ${release.by}`;
  const chances = release.chances.map((one) => `release ${one.release} gets ${one.percent} % of such calls instead`);
  return [`${release.release}, ${why}`, ...chances];
}

function applicationLines({ application, service }: Explanation): string[] {
  if (application !== null) {
    return [`${application.id} of team ${application.team}, known by ${application.recognisedBy.join(", ")}`];
  }
  return service === null ? [] : ["none"];
}

function subscriptionLines({ subscription }: Explanation): string[] {
  if (subscription === null) return [];
  const { state, expiresAtMs } = subscription;
  return [expiresAtMs === null ? state : `${state}, ends ${new Date(expiresAtMs).toISOString()}`];
}

function describePolicy({ kind, source, says, holds }: Explanation["policies"][number]): string {
  return `${kind} of the ${source}: ${says}${holds ? "" : " (a more specific one holds)"}`;
}

function describeLimit(limit: Explanation["limits"][number]): string {
  const { source, unit, amount, windowMs, per, algorithm, cluster } = limit;
  const noun = unit === "cost_usd" ? "US dollars" : unit;
  return `of the ${source}: ${amount} ${noun} in ${windowMs / 1000} s, per ${per} (${algorithm}${cluster === "per_node" ? ", on each node by itself" : ""})`;
}

function cacheLines({ cache }: Explanation): string[] {
  if (cache === null) return [];
  if (cache.isLookedUp) return ["a stored answer is looked for first"];
  return [`not looked up: ${cache.because === "method" ? "only GET and HEAD are" : "the request wants the upstream"}`];
}

type Model = NonNullable<NonNullable<Explanation["upstream"]>["model"]>;

const RULE_OUTCOMES = { true: "holds", false: "does not hold", null: "depends on the body: see --body-file" } as const;

function modelLines(model: Model | undefined): string[] {
  if (model === undefined) return [];
  const { asked, route, routedBy, isDecided, rules, canary, mirror, hints, maxAttempts } = model;
  const by = isDecided ? (routedBy === null ? "" : `, by ${routedBy}`) : ", if no rule holds that depends on the body";
  return [
    `${asked}${asked === route ? "" : `, an alias of ${route}`}${by}`,
    ...rules.map(({ name, holds }) => `rule ${name}: ${RULE_OUTCOMES[`${holds}`]}`),
    ...(canary === null ? [] : [describeCanary(canary)]),
    ...(mirror === null ? [] : [`mirror: ${mirror.percent} % of the calls are copied to ${mirror.to}`]),
    ...(hints.length === 0 ? [] : [`hints of the caller: ${hints.join(", ")}`]),
    ...(maxAttempts === null ? [] : [`at most ${maxAttempts} attempts`]),
    ...describeTimeouts(model),
    ...describeHedging(model),
    ...(model.onBrokenStream === "error" ? [] : [`a stream that breaks off: ${BROKEN_STREAMS[model.onBrokenStream]}`]),
  ];
}

const BROKEN_STREAMS = { continue: "another target goes on with it", restart: "another target answers anew" };

function describeTimeouts({ hints, timeouts }: Model): string[] {
  const { firstTokenMs, betweenTokensMs, totalMs } = timeouts;
  const of = (ms: number, what: string) => (ms === 0 ? [] : [`${ms / 1000} s ${what}`]);
  // Those that every model has are told where a hint may have changed them.
  const said = [...of(firstTokenMs, "for the first token"), ...of(betweenTokensMs, "between two")];
  const all = [...said, ...(hints.length === 0 ? [] : of(totalMs, "in all"))];
  return all.length === 0 ? [] : [`timeouts: ${all.join(", ")}`];
}

function describeHedging({ hedging }: Model): string[] {
  if (hedging === null) return [];
  const { after, minDelayMs, maxShare } = hedging;
  const when =
    "ms" in after
      ? `${after.ms} ms`
      : `the ${after.percentile}th percentile of the target's own times (at least ${minDelayMs} ms)`;
  return [
    `hedging: a second target is asked after ${when}, for at most ${Number((maxShare * 100).toPrecision(4))} % of the calls`,
  ];
}

function describeCanary({ percent, header, sticky, to, isChosen }: NonNullable<Model["canary"]>): string {
  const share = percent === 0 ? [] : [`${percent} % of ${sticky ? "callers" : "the calls"}`];
  const asked = header === null ? [] : [`calls with its ${header}`];
  const of = [...share, ...asked].join(", and ");
  return `canary ${to}: ${of}${isChosen ? " (this one is)" : ""}`;
}

/** Why the targets stand in this order. */
const ORDERS: Record<string, string> = {
  failover: "in the order given",
  direct: "the provider's own model",
  cost: "the cheapest first",
  sticky: "by the hash of whom it sticks to",
  weighted: "drawn by weight for each call",
  latency: "the fastest of late first",
  "least-busy": "the one with the fewest open calls first",
};

function fieldLines({
  dropped = [],
  refused = null,
}: NonNullable<Explanation["upstream"]>["targets"][number]): string[] {
  return [
    ...(dropped.length === 0 ? [] : [`  is not told: ${dropped.join(", ")}`]),
    ...(refused === null ? [] : [`  can't be asked: ${refused.message}`]),
  ];
}

function upstreamLines({ upstream }: Explanation): string[] {
  if (upstream === null) return [];
  const path = upstream.path === null ? "" : ` ${upstream.path}`;
  return [
    `${upstream.strategy}${path}${upstream.model === undefined ? "" : `, ${ORDERS[upstream.strategy]}`}`,
    ...upstream.targets.flatMap(({ name, weight, keys, ...fields }) => [
      `${name}${upstream.targets.length === 1 ? "" : `, weight ${weight}`}`,
      ...fieldLines({ name, weight, keys, ...fields }),
      // Of an only key without terms there is nothing to say.
      ...(keys.length > 1 || keys.some(hasTerms) ? keys.map((key) => `  ${describeKey(key)}`) : []),
    ]),
  ];
}

type Key = NonNullable<Explanation["upstream"]>["targets"][number]["keys"][number];

function hasTerms({ priority, expiresAtMs, limits }: Key): boolean {
  return priority !== 0 || expiresAtMs !== null || limits.length > 0;
}

function describeKey({ id, weight, priority, expiresAtMs, isExpired, limits }: Key): string {
  const parts = [
    `key ${id}, weight ${weight}`,
    ...(priority === 0 ? [] : [`priority ${priority}`]),
    ...limits.map(({ unit, amount, windowMs }) => `${amount} ${unit} in ${windowMs / 1000} s`),
    ...(expiresAtMs === null
      ? []
      : [`${isExpired ? "expired since" : "expires"} ${new Date(expiresAtMs).toISOString()}`]),
  ];
  return parts.join(", ");
}
