import { looksLikeReference } from "../../snapshot/secrets/references.ts";
import type { ProviderKeyKind } from "../storage/tables.ts";
import type { KeySecret } from "./stored-provider.ts";

const KINDS: readonly ProviderKeyKind[] = ["value", "aws", "service_account", "entra"];
/** Of shorter ones, an end would be too much of the whole. */
const SHORTEST_WITH_ENDS = 20;

export function kindOf(secret: KeySecret): ProviderKeyKind {
  return KINDS.find((kind) => secret[kind] !== undefined) ?? "value";
}

/** What tells keys apart for people: the ends of a key, or who a credential is for. */
export function hintOf(secret: KeySecret): string {
  const { value, aws, entra, service_account: file } = secret;
  if (looksLikeReference(value)) return "reference";
  if (typeof value === "string") return endsOf(value);
  if (aws !== undefined) return textOr(Reflect.get(Object(aws), "access_key_id"), (id) => `…${id.slice(-4)}`);
  if (entra !== undefined) return textOr(Reflect.get(Object(entra), "client_id"), (id) => id);
  return typeof file === "string" ? emailIn(file) : "reference";
}

function endsOf(text: string): string {
  return text.length < SHORTEST_WITH_ENDS ? "…" : `${text.slice(0, 3)}…${text.slice(-4)}`;
}

function textOr(value: unknown, show: (text: string) => string): string {
  return typeof value === "string" ? show(value) : "reference";
}

function emailIn(file: string): string {
  const { client_email } = Object(parsed(file)) as { client_email?: unknown };
  return typeof client_email === "string" ? client_email : "…";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
