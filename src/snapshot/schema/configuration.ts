import { z } from "zod";
import { CLIENT_HINTS } from "../../contracts/model-routing.ts";
import { application } from "./application.ts";
import { access, limitScope, limits } from "./common.ts";
import { jwtIssuer } from "./jwt-issuer.ts";
import { listener, trustedProxies } from "./listener.ts";
import { clientHints, modelRoute, unsupportedFields } from "./model.ts";
import { fieldNotes } from "./notes.ts";
import { policiesAt } from "./policies.ts";
import { provider } from "./provider.ts";
import { id, integer, name, positiveDuration, redactPattern, size } from "./scalars.ts";
import { service } from "./service.ts";

const ai = z
  .strictObject({
    access: access.prefault("subscription").describe("As a service's `access`; the subscription is to `ai`."),
    limits,
    policies: policiesAt("ai").prefault({}).describe("What holds for calls of the unified API."),
    max_body_size: size.prefault("10MiB").describe("Longest request body of the unified API."),
    offload_size: size
      .prefault("64KiB")
      .describe("Bodies above this are translated in a thread, not on the event loop."),
    max_response_size: size.prefault("16MiB").describe("Longest answer that is held whole for translation."),
    client_hints: clientHints
      .prefault([...CLIENT_HINTS])
      .describe(
        "What callers may say of how their calls are made, in headers `x-tidegate-…` and in `models` and `fallbacks` of the body: see [routing.md](routing.md). An empty list: nothing.",
      ),
    unsupported_fields: unsupportedFields
      .prefault("refuse")
      .describe(
        "What becomes of fields that a target of another dialect can't do: 400, or (`drop`) they are left out where that leaves the question the same, and `x-tidegate-dropped` names them.",
      ),
  })
  .prefault({})
  .describe("The unified API: the built-in service `ai`.");

const callLog = z
  .strictObject({
    bodies: z
      .enum(["off", "errors", "all"])
      .prefault("off")
      .describe("Whether bodies are kept: never, of failed calls, or always."),
    max_body_size: size.prefault("16KiB").describe("At most this much of each body is kept."),
    redact: z
      .strictObject({
        fields: z
          .array(name)
          .prefault(["api_key", "authorization", "password", "secret", "token"])
          .describe("JSON fields whose values are replaced by `[redacted]`, at any depth, in any case."),
        patterns: z
          .array(redactPattern)
          .prefault([])
          .describe("Regular expressions (JavaScript) whose matches are replaced by `[redacted]`."),
      })
      .prefault({})
      .describe("What is taken out of bodies before they are kept."),
    rotate_size: size.prefault("64MiB").describe("A file is closed and a new one begun at this size,"),
    rotate_every: positiveDuration.prefault("1h").describe("or at this age."),
    keep_size: size.prefault("2GiB").describe("The oldest files are deleted above this total."),
  })
  .prefault({})
  .describe("The log of calls.");

const counters = z
  .strictObject({
    slots: integer(64, 16_777_216)
      .prefault(65_536)
      .describe(
        "How many counters of limits a machine can hold at once, in a file that all workers share; 64 to 128 bytes each. Takes effect at the next start.",
      ),
    cluster: limitScope
      .prefault("shared")
      .describe(
        "Where nodes have a Redis in common (`REDIS_URL`): `shared`: limits hold over all nodes together. `per_node`: on each by itself. A limit's own `cluster` wins.",
      ),
  })
  .prefault({})
  .describe("The counters behind all limits.");

/** An answer that takes up the whole store would leave nothing of the others. */
const cache = z
  .strictObject({
    max_size: size
      .prefault("64MiB")
      .describe("How much each worker may store; the answers that were not asked for the longest go first."),
    max_entry_size: size.prefault("1MiB").describe("Longer answers, with their headers, are not stored."),
  })
  .prefault({})
  .describe("Where the answers are stored that policies of the kind `cache` are about.");

const team = z
  .strictObject({
    id: id.describe("Name used by services and applications."),
    name: name.optional().describe("Name for people.").register(fieldNotes, { shownDefault: "the id" }),
    policies: policiesAt("team")
      .prefault({})
      .describe("What holds for calls to the team's services; `limits` for those that its applications make."),
  })
  .describe("A team.");

/** `tidegate.yaml`, version 1. `kinds` are the names of the provider catalogue. */
export function configurationSchema(kinds: [string, ...string[]]) {
  return z.strictObject({
    version: z.literal(1).describe("Version of this format."),
    listeners: z
      .array(listener)
      .min(1)
      .optional()
      .describe("Ports the gateway listens on.")
      .register(fieldNotes, { shownDefault: "one on `0.0.0.0`, port `$TIDEGATE_PORT` or 8080" }),
    trusted_proxies: trustedProxies
      .prefault([])
      .describe("Proxies whose `Forwarded` and `X-Forwarded-For` are believed: addresses or CIDR ranges."),
    policies: policiesAt("organisation")
      .prefault({})
      .describe(
        "What holds for all calls; teams, services, routes, applications and subscriptions have `policies` as well.",
      ),
    teams: z
      .array(team)
      .optional()
      .describe("Teams. When the list is given, every `team` must be in it.")
      .register(fieldNotes, { shownDefault: "any team id is accepted" }),
    providers: z.array(provider(kinds)).prefault([]).describe("Providers of models."),
    models: z.array(modelRoute).prefault([]).describe("Model routes: public names for models."),
    services: z.array(service).prefault([]).describe("Services: ordinary HTTP services, and MCP servers."),
    applications: z.array(application).prefault([]).describe("Callers with their keys."),
    jwt_issuers: z.array(jwtIssuer).prefault([]).describe("Issuers of JSON Web Tokens that applications call with."),
    ai,
    limits: counters,
    cache,
    call_log: callLog,
    drain_timeout: positiveDuration
      .prefault("30s")
      .describe("How long a worker that stops lets open calls and streams go on."),
  });
}

export type ConfigurationSchema = ReturnType<typeof configurationSchema>;
export type Configuration = z.output<ConfigurationSchema>;
