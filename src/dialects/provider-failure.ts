import type { HeaderLookup } from "../contracts/dialect.ts";
import type { ProviderFailure } from "../contracts/errors.ts";

const MAX_MESSAGE_LENGTH = 500;

/**
 * Milliseconds a provider asks to wait, or null: `retry-after-ms` (OpenAI, Azure), then `retry-after` in seconds or as an
 * HTTP date (RFC 9110 §10.2.3). `nowMs` is the Unix time the date is compared with.
 */
export function retryAfterFromHeaders(header: HeaderLookup, nowMs: number = Date.now()): number | null {
  const milliseconds = nonNegative(header("retry-after-ms"));
  if (milliseconds !== null) return Math.ceil(milliseconds);
  const value = header("retry-after")?.trim();
  if (value === undefined || value === "") return null;
  const seconds = nonNegative(value);
  if (seconds !== null) return Math.ceil(seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

/** The failure an error answer stands for whose body is not in the provider's format: a proxy's page, or nothing. */
export function unreadableFailure(status: number, header: HeaderLookup, body: unknown): ProviderFailure {
  const text = typeof body === "string" ? body.replace(/\s+/g, " ").trim() : "";
  const isPage = text.startsWith("<");
  const message =
    text === "" || isPage
      ? `The provider answered with status ${status} and no readable reason.`
      : text.slice(0, MAX_MESSAGE_LENGTH);
  return { status, type: null, code: null, param: null, message, retryAfterMs: retryAfterFromHeaders(header) };
}

/** The failure a stream stands for that broke off or can't be read. */
export function brokenStream(message: string): ProviderFailure {
  return { status: 502, type: null, code: null, param: null, message, retryAfterMs: null };
}

function nonNegative(value: string | undefined): number | null {
  if (value === undefined || !/^\d+(?:\.\d+)?$/.test(value.trim())) return null;
  return Number(value);
}
