import type { CircuitBreaker } from "../../../upstream/circuit-breaker.ts";

const STATES = ["closed", "open", "half-open"] as const;
/** Callers choose model names: what is closed beyond these is not worth a line. */
const MAX_CLOSED = 1000;

/** The circuits of a worker's targets, in prom-client's form: the control process adds the workers up. `breakers`: by provider and model. */
export function circuitMetrics(breakers: ReadonlyMap<string, CircuitBreaker>, nowMs: number): object[] {
  if (breakers.size === 0) return [];
  let closed = 0;
  const values: { value: number; labels: Record<string, string> }[] = [];
  for (const [key, breaker] of breakers) {
    const now = breaker.state(nowMs);
    if (now === "closed" && ++closed > MAX_CLOSED) continue;
    const space = key.indexOf(" ");
    const target = { provider: key.slice(0, space), model: key.slice(space + 1) };
    for (const state of STATES) values.push({ value: state === now ? 1 : 0, labels: { ...target, state } });
  }
  return [
    {
      name: "tidegate_circuits",
      help: "In how many workers the circuit of a target is in a state; open: it is left alone, half-open: it is tried",
      type: "gauge",
      aggregator: "sum",
      values,
    },
  ];
}
