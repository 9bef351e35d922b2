import { METHODS } from "node:http";
import { ScalarRefusal, scalar } from "./notes.ts";

const DURATION_UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS: Record<string, number> = {
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
/** The longest timer Node.js can hold is 2^31-1 ms; longer windows (30d) are arithmetic, never timers. */
const MAX_DURATION_MS = 366 * 86_400_000;

/** Milliseconds, or undefined. `0` needs no unit. */
export function parseDuration(value: unknown): number | undefined {
  if (value === 0) return 0;
  if (typeof value !== "string") return undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? [];
  if (amount === undefined || unit === undefined) return value === "0" ? 0 : undefined;
  const milliseconds = Math.round(Number(amount) * (DURATION_UNITS_MS[unit] ?? Number.NaN));
  if (milliseconds > MAX_DURATION_MS) throw new ScalarRefusal("a duration may be at most 366d");
  return milliseconds;
}

/** Bytes, or undefined. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)?$/.exec(value) ?? [];
  if (amount === undefined) return undefined;
  const bytes = Math.round(Number(amount) * (SIZE_UNITS[unit ?? "B"] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const DURATION_EXPECTED = "a duration such as 500ms, 5s, 1m, 24h or 30d";

/** A duration for which 0 means "none". */
export const duration = scalar({ type: "duration", expected: DURATION_EXPECTED, parse: parseDuration });

export const positiveDuration = scalar({
  type: "duration",
  expected: `${DURATION_EXPECTED}, above 0`,
  parse: (value) => parseDuration(value) || undefined,
});

/**
 * Unix milliseconds of a day or a time of RFC 3339 §5.6, or undefined. A day begins at midnight UTC; a time says its
 * offset, so that it means the same on every machine.
 */
export function parseInstant(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const [, day, time] =
    /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:[Zz]|[+-]\d{2}:\d{2})))?$/.exec(value) ?? [];
  if (day === undefined) return undefined;
  // Date takes 2026-02-30 for the 2nd of March.
  const midnightMs = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnightMs) || !new Date(midnightMs).toISOString().startsWith(day)) return undefined;
  const ms = time === undefined ? midnightMs : Date.parse(`${day}T${time.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : ms;
}

export const instant = scalar({
  type: "time",
  expected: "a day such as 2026-12-31, or a time such as 2026-12-31T18:00:00Z",
  parse: parseInstant,
});

/** A part of a hundred; decimals are allowed. */
export const percent = scalar({
  type: "percentage",
  expected: "a number from 0 to 100",
  parse: (value) => (typeof value === "number" && value >= 0 && value <= 100 ? value : undefined),
});

export const size = scalar({
  type: "size",
  expected: "a size such as 16KiB, 10MB or a number of bytes, above 0",
  parse: (value) => parseSize(value) || undefined,
});

export function integer(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  return scalar({
    type: "integer",
    expected: `a whole number ${range}`,
    parse: (value) =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= minimum && value <= maximum
        ? value
        : undefined,
  });
}

export const positiveNumber = scalar({
  type: "number",
  expected: "a number above 0",
  parse: (value) => (typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined),
});

/** A string that follows `pattern` as a whole. */
export function text(type: string, expected: string, pattern: RegExp) {
  return scalar({
    type,
    expected,
    parse: (value) => (typeof value === "string" && pattern.test(value) ? value : undefined),
  });
}

export const id = text(
  "id",
  "an id of letters, digits, `.`, `_` and `-`, at most 64, beginning with a letter or digit",
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
);

export const name = text("text", "a text of 1 to 200 characters", /^[^\p{Cc}]{1,200}$/u);

/** Not the content: a private key pasted here must not be taken for a path and repeated. */
export const filePath = text("file path", "the path of a file, not its content", /^(?!-----)[^\p{Cc}]{1,1024}$/u);

/** RFC 9110 §5.6.2 token. */
export const headerName = scalar({
  type: "header name",
  expected: "a header name",
  parse: (value) =>
    typeof value === "string" && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value) ? value.toLowerCase() : undefined,
});

/** RFC 9110 §5.5: no control characters but tab. Values may hold credentials. */
export const headerValue = scalar({
  type: "text",
  expected: "a header value: one line of text",
  secret: true,
  parse: (value) => (typeof value === "string" && /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? value.trim() : undefined),
});

/** A credential as it travels in a header: visible ASCII. */
export const secret = scalar({
  type: "secret",
  expected: "a non-empty key without spaces (put quotes around it)",
  secret: true,
  parse: (value) => (typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value : undefined),
});

export const passphrase = scalar({
  type: "secret",
  expected: "a passphrase (put quotes around it)",
  secret: true,
  parse: (value) => (typeof value === "string" ? value : undefined),
});

export const method = scalar({
  type: "HTTP method",
  expected: "an HTTP method such as GET or POST",
  parse: (value) => {
    const upper = typeof value === "string" ? value.toUpperCase() : "";
    return METHODS.includes(upper) && upper !== "CONNECT" ? upper : undefined;
  },
});

const STATUS_EXPECTED = "a status from 400 to 599, or one of connect, reset, timeout";
export const retryCause = scalar<number | "connect" | "reset" | "timeout">({
  type: "status or cause",
  expected: STATUS_EXPECTED,
  parse: retryCauseOf,
});

function retryCauseOf(value: unknown): number | "connect" | "reset" | "timeout" | undefined {
  if (value === "connect" || value === "reset" || value === "timeout") return value;
  return typeof value === "number" && Number.isInteger(value) && value >= 400 && value <= 599 ? value : undefined;
}

/** Of calls to models. */
export const aiRetryCause = scalar<number | "connect" | "reset" | "timeout" | "context_length" | "content_filter">({
  type: "status or cause",
  expected: `${STATUS_EXPECTED}, context_length, content_filter`,
  parse: (value) => (value === "context_length" || value === "content_filter" ? value : retryCauseOf(value)),
});

/** `200` or `200-399`: from and to, inclusive. */
export const statusRange = scalar<[number, number]>({
  type: "status range",
  expected: "a status such as 200, or a range such as 200-399",
  parse: (value) => {
    const [, from, to] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(String(value)) ?? [];
    if (from === undefined) return undefined;
    const range: [number, number] = [Number(from), Number(to ?? from)];
    return range[0] <= range[1] ? range : undefined;
  },
});

export const redactPattern = scalar({
  type: "regular expression",
  expected: "a regular expression",
  parse: (value) => {
    if (typeof value !== "string" || value === "") return undefined;
    try {
      new RegExp(value, "g");
    } catch (error) {
      const reason = error instanceof Error ? error.message.replace(/^.*: /, "") : "";
      throw new ScalarRefusal(`not a valid regular expression: ${reason}`);
    }
    return value;
  },
});

/** RFC 3339 with its offset. Milliseconds since 1970. */
export const timestamp = scalar({
  type: "time",
  expected: "a time such as 2027-01-31T00:00:00Z (RFC 3339)",
  parse: (value) => {
    if (typeof value !== "string") return undefined;
    const milliseconds = Date.parse(value);
    return RFC_3339.test(value) && Number.isFinite(milliseconds) ? milliseconds : undefined;
  },
});

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
