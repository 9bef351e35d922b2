import { z } from "zod";
import type { LimitSubject } from "../../contracts/policies.ts";
import { fieldNotes } from "./notes.ts";
import {
  aiRetryCause,
  duration,
  headerName,
  headerValue,
  integer,
  positiveDuration,
  positiveNumber,
  retryCause,
  text,
} from "./scalars.ts";

export const access = z.enum(["open", "key", "subscription"]);

/** Timeouts of a service. What its kind has a say in is filled in when it is compiled: see `SERVICE_TIMEOUTS`. */
export function serviceTimeouts() {
  const { rest, mcp } = SERVICE_TIMEOUTS;
  const shown = (field: "first_byte" | "idle") => ({ shownDefault: `${rest[field]}; of \`mcp\`: ${mcp[field]}` });
  const { connect, first_byte, idle, total } = timeoutFields({ total: "0" });
  return z
    .strictObject({
      connect,
      first_byte: duration
        .optional()
        .describe(first_byte.description ?? "")
        .register(fieldNotes, shown("first_byte")),
      idle: duration
        .optional()
        .describe(idle.description ?? "")
        .register(fieldNotes, shown("idle")),
      total,
    })
    .prefault({})
    .describe("How long each step of a call may take.");
}

/** A tool may take minutes before it says anything; the stream by which a server speaks may be silent for hours. */
export const SERVICE_TIMEOUTS = {
  rest: { first_byte: "60s", idle: "60s" },
  mcp: { first_byte: "5m", idle: "0" },
} as const;

export function timeoutFields(defaults: { total: string }) {
  return {
    connect: positiveDuration.prefault("5s").describe("Longest time for the connection to the upstream."),
    first_byte: duration
      .prefault("60s")
      .describe("From the request being sent to the first byte of the response head. 0: no limit."),
    idle: duration.prefault("60s").describe("Longest silence within a body, either way. 0: no limit."),
    total: duration.prefault(defaults.total).describe("The whole exchange with all its attempts. 0: no limit."),
  };
}

export function retries(defaults: { attempts: number; on: (number | string)[] }) {
  return z
    .strictObject({
      attempts: retryAttempts(defaults),
      on: z
        .array(retryCause)
        .prefault(defaults.on)
        .describe(
          "What is retried: statuses of the upstream, `connect` (no connection), `reset` (connection lost before the answer began), `timeout` (no first byte in time). Nothing is retried once the answer has begun.",
        ),
      ...BACKOFF,
    })
    .prefault({})
    .describe("When a failed attempt is tried again.");
}

/** Of calls to models. */
export function modelRetries(defaults: { attempts: number; on: (number | string)[] }) {
  return z
    .strictObject({
      attempts: retryAttempts(defaults),
      on: z
        .array(aiRetryCause)
        .prefault(defaults.on)
        .describe(
          "What is tried again: statuses of the provider, `connect` (no connection), `reset` (connection lost, or no answer of its dialect), `timeout` (none in time); and, never with the same model, `context_length` (the request is too long for the model) and `content_filter` (the provider refused its content). What becomes of an answer that has begun is said by a model route's `on_broken_stream`.",
        ),
      ...BACKOFF,
    })
    .prefault({})
    .describe("When a failed attempt is tried again.");
}

function retryAttempts({ attempts }: { attempts: number }) {
  return integer(0, 10).prefault(attempts).describe("Further attempts after the first one. 0 turns retries off.");
}

const BACKOFF = {
  backoff: positiveDuration
    .prefault("200ms")
    .describe("First back-off; doubles with each attempt, with full jitter. A `retry-after` of the upstream wins."),
  max_backoff: positiveDuration.prefault("5s").describe("Longest back-off."),
};

export const AI_TIMEOUTS = { total: "600s" };
export const REST_RETRIES = { attempts: 1, on: ["connect", "reset", 502, 503, 504] };
export const AI_RETRIES = {
  attempts: 2,
  on: [429, 500, 502, 503, 504, 529, "reset", "timeout", "connect", "context_length"],
};

export const circuitBreaker = z
  .strictObject({
    failures: integer(0, 1000)
      .prefault(5)
      .describe("Opens after this many failures in a row. 0 turns the breaker off."),
    open: positiveDuration.prefault("30s").describe("How long it stays open before one probe is let through."),
  })
  .prefault({})
  .describe("Keeps calls away from a target that fails.");

/** What one counter of a limit is kept for. The first one is the default. */
const SUBJECTS = {
  organisation: ["organisation", "team", "application", "service", "address"],
  team: ["team", "application", "service", "address"],
  route: ["route", "application", "address"],
  any: ["application", "service", "address"],
} as const satisfies Record<string, readonly [LimitSubject, ...LimitSubject[]]>;

const SUBJECTS_EXPLAINED: Record<keyof typeof SUBJECTS, string> = {
  organisation:
    "What one counter is kept for: all calls of the `organisation`, each calling `team` (calls without an application are not counted), each `application` (without one: each address), each `service`, or each client `address`.",
  team: "What one counter is kept for: all calls of the `team`'s applications, each `application`, each `service`, or each client `address`.",
  route:
    "What one counter is kept for: all calls by the `route`, whoever makes them, each calling `application` (without one: each address), or each client `address`.",
  any: "What one counter is kept for: each `application`, the whole `service`, or each client `address`. Within an application's own limits, `application` counts all its calls and `service` counts them for each service apart.",
};

export const limitScope = z.enum(["shared", "per_node"]);

export const LIMIT_ALGORITHMS = ["window", "sliding-window", "token-bucket"] as const;
const LIMIT_ALGORITHMS_EXPLAINED =
  "`window`: fixed windows. `sliding-window`: the window before counts, too, by how much of it is less than a window ago. `token-bucket`: refills evenly over the window, at most the limit at once.";

function limitsOf(owner: keyof typeof SUBJECTS) {
  const subjects: readonly [LimitSubject, ...LimitSubject[]] = SUBJECTS[owner];
  const limit = z
    .strictObject({
      per: z
        .enum(subjects as [LimitSubject, ...LimitSubject[]])
        .prefault(subjects[0])
        .describe(SUBJECTS_EXPLAINED[owner]),
      requests: integer(1)
        .optional()
        .describe("Calls allowed per window. Exactly one of `requests`, `tokens` and `cost_usd`."),
      tokens: integer(1).optional().describe("Tokens (input and output) allowed per window."),
      cost_usd: positiveNumber.optional().describe("US dollars allowed per window."),
      window: positiveDuration.describe("Length of the window."),
      algorithm: z.enum(LIMIT_ALGORITHMS).prefault("window").describe(LIMIT_ALGORITHMS_EXPLAINED),
      cluster: limitScope
        .optional()
        .describe(
          "`shared`: the limit holds over all nodes of the cluster together. `per_node`: on each by itself. Absent: as the top-level `limits.cluster`.",
        ),
    })
    .describe("A limit.");
  return z.array(limit);
}

const LIMITS_EXPLAINED = "Rate limits and budgets; a call must fit into all of them.";

/** Of a service, an application or a subscription. */
export const limits = limitsOf("any").prefault([]).describe(LIMITS_EXPLAINED);

/** Of an organisation, a team or a route: a policy. */
export function limitPolicy(owner: "organisation" | "team" | "route") {
  return limitsOf(owner).optional().describe(LIMITS_EXPLAINED);
}

export const weight = integer(0, 1_000_000)
  .prefault(1)
  .describe("Share of the calls, relative to the others. 0: none.");

export const headerMap = z.record(headerName, headerValue).prefault({});

export function headerEdits(direction: string) {
  return z
    .strictObject({
      add: headerMap.describe("Headers to append, beside those already there."),
      set: headerMap.describe("Headers to set, in place of those already there."),
      remove: z.array(headerName).prefault([]).describe("Headers to remove, before `set` and `add`."),
    })
    .describe(`Edits to the headers of the ${direction}.`);
}

export const providerHeaders = z.record(headerName, headerValue).prefault({});

export const routePath = text(
  "path",
  "a path that begins with `/`, without query, fragment and spaces",
  /^\/[^?#\s\p{Cc}\p{Cs}]*$/u,
);

/** Of a provider that speaks OpenAI's dialect. */
export const openaiApi = z.enum(["chat-completions", "responses", "both"]);
