export type NetworkFailure = "dns" | "connection_refused" | "tls" | "timeout" | "connection_lost";

/** Why there was no answer, in words. */
export function failureOf(
  error: unknown,
  host: string,
  deadlineMs: number,
): { failure: NetworkFailure; message: string } {
  const { name, code } = innermost(error);
  if (name === "TimeoutError" || name === "AbortError" || /TIMEOUT|ETIMEDOUT/.test(code)) {
    return { failure: "timeout", message: `${host} gives no whole answer within ${deadlineMs / 1000} s` };
  }
  if (/^(ENOTFOUND|EAI_AGAIN|EAI_NODATA)$/.test(code)) {
    return { failure: "dns", message: `there is no host ${host}, or it can't be looked up (${code})` };
  }
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/.test(code)) {
    return { failure: "connection_refused", message: `nothing answers at ${host} (${code})` };
  }
  if (TLS.test(code)) {
    return { failure: "tls", message: `no trusted TLS connection to ${host} can be had (${code})` };
  }
  const shown = code === "" ? "" : ` (${code})`;
  return {
    failure: "connection_lost",
    message: `the connection to ${host} was lost before there was an answer${shown}`,
  };
}

const TLS = /^(ERR_SSL|ERR_TLS|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|HPE_INVALID_CONSTANT$)/;

/** Node tries several addresses of a host, and undici wraps what it gets. */
function innermost(error: unknown): { name: string; code: string } {
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if (current.name === "TimeoutError") return { name: current.name, code: "" };
    const code: unknown = Reflect.get(current, "code");
    const [first] = current instanceof AggregateError ? current.errors : [];
    const next: unknown = first ?? current.cause;
    if (next === undefined) return { name: current.name, code: typeof code === "string" ? code : "" };
    current = next;
  }
  return { name: "", code: "" };
}
