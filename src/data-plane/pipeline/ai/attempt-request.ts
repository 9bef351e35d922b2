import type { DispatchOptions } from "../../../contracts/dispatcher.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { DialectName } from "../../../contracts/ir.ts";
import { signV4 } from "../../../providers/signing/sigv4.ts";
import { SIMULATED_HEADERS } from "../../../upstream/simulated/simulated-dispatcher.ts";
import type { AiAttempt } from "./ai-attempt.ts";

/** Headers of a caller that belong to a dialect and go on to a provider of the same one. */
export const DIALECT_HEADERS: Record<string, readonly string[]> = {
  anthropic: ["anthropic-version", "anthropic-beta"],
  openai: ["openai-beta"],
  "openai-responses": ["openai-beta"],
};
const SIMULATED_HEADER_NAMES = Object.values(SIMULATED_HEADERS);

/**
 * What an attempt asks of its provider. `askedFirstByteMs`: the caller's own limit, 0 where it has none. `token`: to be sent in the
 * place of a key.
 */
export function attemptRequest(
  attempt: Pick<AiAttempt, "target" | "built" | "key">,
  dialect: DialectName,
  exchange: Exchange,
  askedFirstByteMs: number,
  token: string | null,
): DispatchOptions {
  const { target, built, key } = attempt;
  const { timeouts } = target;
  const path = target.pathPrefix + built.path;
  const query = joined(joined(built.query, target.query), key === null ? "" : key.query);
  const headers = requestHeaders(attempt, dialect, exchange, token);
  if (key !== null && key.aws !== null) {
    const signed = { method: "POST", path, query, headers, body: built.body };
    headers.push(...signV4(signed, key.aws, Date.now()));
  }
  return {
    origin: target.origin,
    path: query === "" ? path : `${path}?${query}`,
    method: "POST",
    headers,
    body: built.upload ?? built.body,
    connectTimeoutMs: timeouts.connectMs,
    firstByteTimeoutMs: shorter(timeouts.firstByteMs, askedFirstByteMs),
    idleTimeoutMs: timeouts.idleMs,
  };
}

function requestHeaders(
  { target, built, key }: Pick<AiAttempt, "target" | "built" | "key">,
  dialect: DialectName,
  exchange: Exchange,
  token: string | null,
): string[] {
  const headers = (target.heads[key === null ? 0 : key.index] as readonly string[]).slice();
  if (token !== null) headers.push("authorization", `Bearer ${token}`);
  for (const [name, value] of Object.entries(built.headers)) setHeader(headers, name, value);
  for (const name of forwardedNames(target.provider.transport === "simulated", built.passthrough, dialect)) {
    const value = exchange.header(name);
    if (value !== undefined) setHeader(headers, name, value);
  }
  return headers;
}

function forwardedNames(isSimulated: boolean, isPassthrough: boolean, dialect: DialectName): readonly string[] {
  if (isSimulated) return SIMULATED_HEADER_NAMES;
  return isPassthrough ? (DIALECT_HEADERS[dialect] ?? []) : [];
}

/** Of two times, either of which may be 0: none. */
function shorter(oneMs: number, otherMs: number): number {
  return oneMs === 0 || otherMs === 0 ? oneMs + otherMs : Math.min(oneMs, otherMs);
}

function joined(query: string, more: string): string {
  return query === "" || more === "" ? query + more : `${query}&${more}`;
}

function setHeader(headers: string[], name: string, value: string): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) {
      headers[i + 1] = value;
      return;
    }
  }
  headers.push(name, value);
}
