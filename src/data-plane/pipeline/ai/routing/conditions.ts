import type { RouteConditionsSnapshot } from "../../../../contracts/model-routing.ts";
import type { Context } from "../../context.ts";
import type { AiTarget } from "../ai-target.ts";
import type { RequestFeatures } from "./request-features.ts";

/** What is known of a call when its targets are chosen. */
export interface RouteFacts {
  context: Pick<Context, "exchange" | "application">;
  /** As the caller named it. */
  model: string;
  stream: boolean;
  /** Reads the body when it is asked for the first time. Throws `invalid_json`, `invalid_request`. */
  features(): RequestFeatures;
  /** Whether a target may get it at all. */
  mayServe(target: AiTarget): boolean;
}

export type Condition = (facts: RouteFacts) => boolean;

/** What costs the least is asked first; the body last. */
export function compileConditions(when: RouteConditionsSnapshot): Condition {
  const { models, headers, metadata, inputTokens, content, stream, applications, teams } = when;
  const all: Condition[] = [];
  if (stream !== undefined) all.push((facts) => facts.stream === stream);
  if (models !== undefined) all.push(namedLike(models));
  if (applications !== undefined) {
    all.push(({ context: { application } }) => application !== null && applications.includes(application.id));
  }
  if (teams !== undefined) {
    all.push(({ context: { application } }) => application !== null && teams.includes(application.team));
  }
  for (const { name, values } of headers ?? []) {
    all.push(({ context }) => isAmong(context.exchange.header(name), values));
  }
  if (content !== undefined) all.push((facts) => content.some((kind) => facts.features().content.has(kind)));
  for (const { name, values } of metadata ?? []) {
    all.push((facts) => {
      const labels = facts.features().metadata;
      return isAmong(Object.hasOwn(labels, name) ? labels[name] : undefined, values);
    });
  }
  if (inputTokens !== undefined) {
    const { min, max } = inputTokens;
    all.push((facts) => {
      const tokens = facts.features().inputTokens;
      return tokens >= min && (max === null || tokens <= max);
    });
  }
  return (facts) => all.every((condition) => condition(facts));
}

export function readsBody({ metadata, inputTokens, content }: RouteConditionsSnapshot): boolean {
  return metadata !== undefined || inputTokens !== undefined || content !== undefined;
}

function isAmong(value: string | undefined, values: readonly string[]): boolean {
  return value !== undefined && (values.length === 0 || values.includes(value));
}

function namedLike(models: readonly string[]): Condition {
  const exact = new Set(models.filter((name) => !name.endsWith("*")));
  const beginnings = models.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
  return ({ model }) => exact.has(model) || beginnings.some((beginning) => model.startsWith(beginning));
}
