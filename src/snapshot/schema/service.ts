import { z } from "zod";
import { endpointUrl, hostPattern, publicUrl } from "./addresses.ts";
import { access, headerEdits, limits, REST_RETRIES, retries, routePath, serviceTimeouts, weight } from "./common.ts";
import { fieldNotes } from "./notes.ts";
import { policiesAt } from "./policies.ts";
import {
  filePath,
  headerName,
  id,
  instant,
  integer,
  method,
  name,
  percent,
  positiveDuration,
  size,
  statusRange,
  text,
} from "./scalars.ts";

const route = z
  .strictObject({
    id: name
      .optional()
      .describe("Name of the route in the log; unique within the service.")
      .register(fieldNotes, { shownDefault: "the path" }),
    path: routePath.describe("Path to match."),
    match: z
      .enum(["exact", "prefix", "pattern"])
      .optional()
      .describe(
        "`exact`: the path and nothing else. `prefix`: the path and everything below it (`/billing` matches `/billing/x`, not `/billings`). `pattern`: `:name` matches one segment, a final `*` the rest. Of `mcp`: `exact` alone.",
      )
      .register(fieldNotes, { shownDefault: "`prefix`; of `mcp`: `exact`" }),
    strip_prefix: z
      .boolean()
      .prefault(false)
      .describe("Removes what `path` matched before the call goes on (for a pattern: up to the `*`)."),
    rewrite: routePath
      .nullable()
      .prefault(null)
      .describe("Replaces the path; `:name` and `*` insert what the pattern matched. Excludes `strip_prefix`."),
    methods: z.array(method).min(1).nullable().prefault(null).describe("HTTP methods to match; null: any."),
    host: hostPattern.nullable().prefault(null).describe("Host to match; `*.example.org` is allowed; null: any."),
    policies: policiesAt("route").prefault({}).describe("What holds for calls by this route."),
  })
  .describe("A route to the service.");

const upstreamTarget = z
  .strictObject({
    url: endpointUrl.describe(
      "Origin, with a path to put before the call's path if wanted; of `mcp`, the address of the server's endpoint. `http://unix:/run/app.sock` is a Unix socket, and `http://unix:/run/app.sock:/path` one with such a path.",
    ),
    weight,
  })
  .describe("A target.");

const hashOn = z
  .strictObject({
    type: z.enum(["header", "cookie", "address"]).describe("What is hashed; `address` is the client's."),
    name: headerName.optional().describe("Name of the header or cookie."),
  })
  .prefault({ type: "address" })
  .describe("What `balance: consistent-hash` hashes.");

const activeHealthCheck = z.strictObject({
  path: routePath.describe("Path to ask with GET; of `mcp` at the origin of the target's `url`."),
  interval: positiveDuration.prefault("10s").describe("Time between two checks of a target."),
  timeout: positiveDuration.prefault("5s").describe("Longest wait for the answer."),
  healthy_after: integer(1, 100).prefault(2).describe("Successes in a row that bring a target back."),
  unhealthy_after: integer(1, 100).prefault(3).describe("Failures in a row that take a target out."),
  expect_status: statusRange.prefault("200-399").describe("Statuses that count as success."),
});

const passiveHealthCheck = z.strictObject({
  failures: integer(1, 1000)
    .prefault(5)
    .describe("Failures in a row (no connection, timeout, 502, 503, 504) that take a target out."),
  eject: positiveDuration.prefault("30s").describe("How long it stays out."),
});

const upstream = z
  .strictObject({
    balance: z
      .enum(["round-robin", "least-connections", "consistent-hash"])
      .prefault("round-robin")
      .describe("How a target is chosen."),
    hash_on: hashOn,
    targets: z.array(upstreamTarget).min(1).describe("Where the calls go."),
    health: z
      .strictObject({
        active: activeHealthCheck.nullable().prefault(null).describe("Checks targets by asking them; null: off."),
        passive: passiveHealthCheck.nullable().prefault(null).describe("Judges targets by their answers; null: off."),
      })
      .prefault({})
      .describe("Health checks of the targets."),
    timeouts: serviceTimeouts(),
    retries: retries(REST_RETRIES),
    host_header: z
      .enum(["target", "preserve"])
      .prefault("target")
      .describe("`target`: the target's own host. `preserve`: the host the caller asked for."),
    ca_file: filePath
      .nullable()
      .prefault(null)
      .describe(
        "PEM file with the authorities to trust for `https:` targets, relative to the configuration file; null: the system's.",
      ),
  })
  .describe("The servers behind the service.");

const deprecation = z
  .strictObject({
    at: instant.describe("Since when, or from when on, it is deprecated: the `Deprecation` header (RFC 9745)."),
    sunset: instant
      .nullable()
      .prefault(null)
      .describe("After which it may be gone: the `Sunset` header (RFC 8594); null: not known."),
    link: publicUrl.nullable().prefault(null).describe("What says more, or what follows it: the `Link` header."),
  })
  .describe("Tells callers that the service is to go. Calls are served as before.");

const canaryHeader = z.strictObject({
  name: headerName.describe("Name of the header."),
  value: text("text", "a header value: one line of visible characters", /^[!-~](?:[ -~]{0,198}[!-~])?$/).describe(
    "Its value; upper and lower case differ.",
  ),
});

const canary = z
  .strictObject({
    percent: percent.prefault(0).describe("Share of the calls. 0: only those with the header."),
    header: canaryHeader
      .nullable()
      .prefault(null)
      .describe("Calls with this header go to the canary whatever the share; null: no header does that."),
    sticky: z
      .boolean()
      .prefault(true)
      .describe("An application (or a caller without one, by address) gets the same release with each call."),
    upstream,
  })
  .describe(
    "A second release of the service that gets some of the calls. It differs in its upstream alone. The service is release 1, the canary release 2.",
  );

export const service = z
  .strictObject({
    id: id.describe("Name of the service; `ai` is taken by the built-in unified API."),
    kind: z
      .enum(["rest", "ai", "mcp"])
      .prefault("rest")
      .describe(
        "`rest`: an ordinary HTTP service, which has an `upstream`. `ai`: the unified API below the service's paths, with models, limits and subscriptions of its own: see [ai-services.md](ai-services.md). `mcp`: an MCP server that speaks Streamable HTTP, or several replicas of one: see [mcp.md](mcp.md).",
      ),
    team: id.prefault("default").describe("Team that owns the service."),
    routes: z.array(route).min(1).describe("Which calls belong to the service."),
    upstream: upstream
      .optional()
      .describe("The servers behind the service. Required, but for kind `ai`, which has none."),
    access: access
      .prefault("subscription")
      .describe(
        "Who may call: anybody (`open`), any application (`key`), or applications that subscribed (`subscription`).",
      ),
    limits,
    request_headers: headerEdits("call to the upstream").prefault({}),
    response_headers: headerEdits("answer to the caller").prefault({}),
    max_body_size: size
      .nullable()
      .prefault(null)
      .describe("Longest request body; null: the listener's limit, which holds in any case."),
    policies: policiesAt("service")
      .prefault({})
      .describe(
        "What holds for calls to the service; `request_headers`, `response_headers` and `max_body_size` may stand here instead of above.",
      ),
    canary: canary.nullable().prefault(null).describe("A second release on trial; null: none."),
    deprecation: deprecation
      .nullable()
      .prefault(null)
      .describe("Announces the end of the service; null: none is near."),
    retired: z
      .boolean()
      .prefault(false)
      .describe("The service is gone: its routes answer 410, with the link of `deprecation` where there is one."),
  })
  .describe("A service.");
