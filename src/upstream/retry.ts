import type { GatewayError } from "../contracts/errors.ts";
import type { RetriesSnapshot } from "../contracts/snapshot.ts";

/** Methods whose repetition has the effect of one request (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Nothing of the request can have reached the upstream. */
export function neverSent(error: GatewayError): boolean {
  return error.code === "upstream_unreachable" || error.code === "upstream_connect_timeout";
}

/** Whether a failure is among those the configuration wants retried. */
export function isRetryCause(retries: RetriesSnapshot, error: GatewayError): boolean {
  switch (error.code) {
    case "upstream_unreachable":
    case "upstream_connect_timeout":
      return retries.on.includes("connect");
    case "upstream_reset":
    case "upstream_protocol_error":
      return retries.on.includes("reset");
    case "upstream_first_byte_timeout":
    case "upstream_first_token_timeout":
    case "upstream_attempt_timeout":
    case "upstream_idle_timeout":
      return retries.on.includes("timeout");
    case "provider_error":
      return retries.on.includes(error.status);
    default:
      return false;
  }
}

/** Exponential back-off with full jitter, in milliseconds. `attempt` counts the retries from 1. `random` is in [0, 1). */
export function backoffMs(retries: RetriesSnapshot, attempt: number, random: number): number {
  const ceiling = Math.min(retries.maxBackoffMs, retries.backoffMs * 2 ** (attempt - 1));
  return Math.round(ceiling * random);
}

/** Milliseconds that a `Retry-After` field asks for, as seconds or as a date (RFC 9110 §10.2.3); null without a valid one. */
export function readRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
