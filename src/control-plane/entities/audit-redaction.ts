const REDACTED = "[redacted]";

/**
 * A draft as the audit trail keeps it. Values of headers are left out: people put credentials for their upstreams there, and
 * what is in the audit trail stays.
 */
export function redactedDraft(draft: Record<string, unknown>): Record<string, unknown> {
  const redacted = withPoliciesRedacted(redactedPolicies(draft));
  const { routes } = draft;
  if (Array.isArray(routes)) {
    redacted.routes = routes.map((route: unknown) => (isObject(route) ? withPoliciesRedacted(route) : route));
  }
  return redacted;
}

/** The same of policies, whoever's. */
export function redactedPolicies(policies: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const redacted = { ...policies };
  for (const field of ["request_headers", "response_headers"]) {
    const edits = policies[field];
    if (isObject(edits)) redacted[field] = { ...edits, ...valuesHidden(edits, "add"), ...valuesHidden(edits, "set") };
  }
  const { mock } = policies;
  if (isObject(mock)) redacted.mock = { ...mock, ...valuesHidden(mock, "headers") };
  return redacted;
}

/** Of what has policies. */
export function withPoliciesRedacted<Owner extends object | null>(owner: Owner): Owner {
  if (owner === null) return owner;
  const policies: unknown = Reflect.get(owner, "policies");
  return isObject(policies) ? { ...owner, policies: redactedPolicies(policies) } : owner;
}

function valuesHidden(edits: Record<string, unknown>, field: "add" | "set" | "headers"): Record<string, unknown> {
  const headers = edits[field];
  if (!isObject(headers)) return {};
  return { [field]: Object.fromEntries(Object.keys(headers).map((name) => [name, REDACTED])) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
