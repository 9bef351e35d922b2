import type { ProviderQuirks } from "../../../contracts/provider-quirks.ts";
import { isDroppable } from "../../../dialects/dropped-fields.ts";
import { unsupportedField } from "../../../dialects/foreign.ts";
import { adaptRequest, quirkyFields } from "../../../dialects/openai/quirks.ts";
import { isOther } from "./operation-kinds.ts";

import { scanTopLevel } from "./top-level-fields.ts";
import type { CallPlan } from "./translation.ts";

type Whither = Pick<CallPlan, "operation" | "outbound" | "target">;

/** Of each set of quirks, the fields to look for: a set is one object for as long as a snapshot holds. */
const fieldsByQuirks = new WeakMap<ProviderQuirks, readonly string[]>();

/** Whether a request of the provider's own dialect can't go on byte for byte. */
export function mustBeAdapted(bytes: Buffer, { operation, outbound, target: { quirks } }: CallPlan): boolean {
  if (outbound !== "openai" || quirks === undefined || isOther(operation)) return false;
  if (quirks.developerRole === false && bytes.includes('"developer"')) return true;
  if (quirks.toolCallIdLength !== undefined && bytes.includes('"tool_call')) return true;
  let fields = fieldsByQuirks.get(quirks);
  if (fields === undefined) {
    fields = quirkyFields(quirks);
    fieldsByQuirks.set(quirks, fields);
  }
  if (fields.length === 0) return false;
  const spans = scanTopLevel(bytes.toString("latin1"), fields);
  return spans === null || spans.some((span) => span !== null);
}

type Body = Readonly<Record<string, unknown>>;

/** The same of a parsed one: another object where something had to be changed. `dropped`: fields that are lost. */
export function adapted(body: Body, plan: CallPlan): { body: Body; dropped: readonly string[] } {
  const { quirks } = plan.target;
  if (plan.outbound !== "openai" || isOther(plan.operation) || quirks === undefined) return { body, dropped: NONE };
  const dropped = (quirks.droppedFields ?? []).filter((field) => (body[field] ?? null) !== null);
  if (plan.dropsUnsupported !== true) return { body: adaptRequest(body, quirks), dropped };
  const refused = (quirks.unsupportedFields ?? []).filter(
    (field) => isDroppable(field) && !isUnsaid(body, field, quirks),
  );
  const kept = Object.fromEntries(Object.entries(body).filter(([field]) => !refused.includes(field)));
  return { body: adaptRequest(kept, quirks), dropped: [...refused, ...dropped] };
}

/** It says nothing, or no more than what holds without it. */
function isUnsaid(body: Body, field: string, { impliedValues = {} }: ProviderQuirks): boolean {
  const value = body[field] ?? null;
  return value === null || value === impliedValues[field] || (Array.isArray(value) && value.length === 0);
}

const NONE: readonly string[] = [];

/** Where an operation is at the provider, given where its dialect has it; null: nowhere. */
export function pathAt({ operation, outbound, target }: Whither, usual: string): string | null {
  const { model, quirks } = target;
  // Quirks are those of Chat Completions.
  if (outbound === "openai-responses") return usual;
  const path = isOther(operation) ? undefined : quirks?.paths?.[operation];
  if (path === undefined || path === null) return path === null ? null : usual;
  return path.replace("{model}", encodeURIComponent(model));
}

/** Throws `unsupported_field` where the provider has no such operation. */
export function requireOperation({ operation, target }: CallPlan): void {
  if (isOther(operation) || target.quirks?.paths?.[operation] !== null) return;
  const others = operation === "chat" ? "no chat models" : "no embeddings";
  throw unsupportedField("model", `names a model of a provider that has ${others}`);
}
