import type { SecretReference } from "../../contracts/secret-reference.ts";
import { SECRET_MARKER } from "../../snapshot/schema/notes.ts";
import { looksLikeReference, parseReference } from "../../snapshot/secrets/references.ts";
import { ProblemError } from "../problem.ts";
import { faultOf, type ReferenceRules } from "./reference-rules.ts";

/** The secret itself, or where it is kept. */
export type ClientSecret = string | Readonly<Record<string, unknown>>;

/** What is sealed: no secret that people give begins like a reference, for U+0000 can't be stored. Throws `invalid_request`. */
export function clientSecretText(rules: ReferenceRules, given: ClientSecret): string {
  if (typeof given === "string") return given;
  const reference = looksLikeReference(given) ? parseReference(given) : "expected a secret, or a reference to one";
  const message = typeof reference === "string" ? reference : faultOf(rules, reference, null);
  if (message === null) return SECRET_MARKER + JSON.stringify(reference);
  throw new ProblemError("invalid_request", `client_secret: ${message}`, {
    errors: [{ path: "client_secret", message }],
  });
}

export function storedClientSecret(text: string): string | SecretReference {
  if (!text.startsWith(SECRET_MARKER)) return text;
  return JSON.parse(text.slice(SECRET_MARKER.length)) as SecretReference;
}
