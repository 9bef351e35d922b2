const REDACTED = "[redacted]";

/**
 * A draft as the audit trail keeps it. Values of headers are left out: people put credentials for their upstreams there, and
 * what is in the audit trail stays.
 */
export function redactedDraft(draft: Record<string, unknown>): Record<string, unknown> {
  const redacted = { ...draft };
  for (const field of ["request_headers", "response_headers"]) {
    const edits = draft[field];
    if (isObject(edits)) redacted[field] = { ...edits, ...valuesHidden(edits, "add"), ...valuesHidden(edits, "set") };
  }
  return redacted;
}

function valuesHidden(edits: Record<string, unknown>, field: "add" | "set"): Record<string, unknown> {
  const headers = edits[field];
  if (!isObject(headers)) return {};
  return { [field]: Object.fromEntries(Object.keys(headers).map((name) => [name, REDACTED])) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
