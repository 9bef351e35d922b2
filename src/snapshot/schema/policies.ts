import { z } from "zod";
import type { PolicyLevel } from "../../contracts/policies.ts";
import { schemaFault } from "../json-schema/compile-schema.ts";
import { addressRange, origin, targetUrl } from "./addresses.ts";
import { headerEdits, headerMap, limitPolicy } from "./common.ts";
import { fieldNotes, ScalarRefusal, scalar } from "./notes.ts";
import { duration, headerName, integer, method, parseSize, positiveDuration, size, text } from "./scalars.ts";

/** A kind of policy is described in one section of the reference, wherever it can be attached. */
function describedAt<Schema extends z.ZodType>(sectionAt: string, schema: Schema): Schema {
  fieldNotes.add(schema, { sectionAt });
  return schema;
}

const addresses = describedAt(
  "policies.addresses",
  z
    .strictObject({
      allow: z
        .array(addressRange)
        .min(1)
        .optional()
        .describe("Addresses and CIDR ranges that calls may come from; absent: any that `deny` does not name."),
      deny: z.array(addressRange).prefault([]).describe("Addresses and ranges that they may not; wins over `allow`."),
    })
    .describe("From which client addresses calls are let in, after trusted proxies; all others get 403."),
);

/** As model routes and their aliases may be called. */
const modelPattern = text(
  "model name",
  "the name of a model without spaces, with `*` for any characters, such as `openai/*`",
  /^[^\s\p{Cc}]{1,200}$/u,
);

const models = describedAt(
  "policies.models",
  z
    .strictObject({
      allow: z
        .array(modelPattern)
        .min(1)
        .optional()
        .describe(
          "Models that may be called, by the names that callers use (`fast`, `openai/gpt-4o`), with `*` for any characters (`openai/*`); absent: any that `deny` does not name.",
        ),
      deny: z.array(modelPattern).prefault([]).describe("Models that may not; wins over `allow`."),
    })
    .describe("Which models may be called, and are listed by `GET /v1/models`; all others get 403."),
);

/** As MCP servers name their tools (specification 2025-11-25, server/tools: up to 128 characters), after a service's id if wanted. */
const toolPattern = text(
  "tool name",
  "the name of a tool without spaces, with `*` for any characters, such as `get_*` or `crm/delete_*`",
  /^[^\s\p{Cc}]{1,200}$/u,
);

const tools = describedAt(
  "policies.tools",
  z
    .strictObject({
      allow: z
        .array(toolPattern)
        .min(1)
        .optional()
        .describe(
          "Tools of MCP services that may be called, by name (`get_*`) or with the service's id before it (`crm/get_*`), with `*` for any characters; absent: any that `deny` does not name.",
        ),
      deny: z.array(toolPattern).prefault([]).describe("Tools that may not; wins over `allow`."),
    })
    .describe("Which tools of MCP services may be called, and are in their lists; calls of others get 403."),
);

const cors = describedAt(
  "policies.cors",
  z
    .strictObject({
      origins: z
        .array(origin)
        .min(1)
        .describe(
          "Origins of pages that may call, such as `https://app.example.org` or `https://*.example.org`; `*`: any.",
        ),
      methods: z.array(method).min(1).optional().describe("Methods they may use; absent: those that have a route."),
      request_headers: z.array(headerName).optional().describe("Headers they may send; absent: any."),
      exposed_headers: z.array(headerName).prefault([]).describe("Headers of answers that they may read."),
      credentials: z
        .boolean()
        .prefault(false)
        .describe(
          "Whether browsers send cookies along. Excludes the origin `*`. API keys in headers need no such thing.",
        ),
      max_age: duration.prefault("10m").describe("How long a browser may remember the answer to a preflight request."),
    })
    .describe(
      "What pages of other origins may do (CORS, Fetch standard). Preflight requests are answered by the gateway; the upstream's own CORS headers are replaced.",
    ),
);

const jsonSchema = scalar({
  type: "JSON Schema",
  expected: "a JSON Schema",
  parse: (value) => {
    const fault = schemaFault(value);
    if (fault !== null) throw new ScalarRefusal(fault);
    return JSON.stringify(value);
  },
});
fieldNotes.add(jsonSchema, { ...fieldNotes.get(jsonSchema), anyJson: true });

/** They are held whole, and parsed where all calls are waiting. */
const MAX_CHECKED_BYTES = 4 * 1024 ** 2;

const checkedSize = scalar({
  type: "size",
  expected: "a size such as 16KiB, above 0 and at most 4MiB",
  parse: (value) => {
    const bytes = parseSize(value);
    return bytes !== undefined && bytes > 0 && bytes <= MAX_CHECKED_BYTES ? bytes : undefined;
  },
});

const mirroredPercent = scalar({
  type: "percentage",
  expected: "a number above 0 and up to 100",
  parse: (value) => (typeof value === "number" && value > 0 && value <= 100 ? value : undefined),
});

const requestSchema = describedAt(
  "services[].policies.request_schema",
  z
    .strictObject({
      schema: jsonSchema.describe(
        "JSON Schema, draft 2020-12, or draft-07 where `$schema` says so. References lead within the schema; patterns have no look-around and no back-references.",
      ),
      max_size: checkedSize
        .prefault("1MiB")
        .describe("Longest body that is checked, at most 4MiB; longer ones get 413."),
    })
    .describe("Checks the JSON bodies of requests: what does not fit gets 400 with JSON pointers to what is wrong."),
);

const mirror = describedAt(
  "services[].policies.mirror",
  z
    .strictObject({
      url: targetUrl.describe("Where the copies go, as the `url` of an upstream's target."),
      percent: mirroredPercent.prefault(100).describe("Share of the calls that are copied, above 0."),
      timeout: positiveDuration.prefault("5s").describe("How long a copy may take."),
    })
    .describe(
      "Sends copies of requests to another upstream, and drops its answers. A call neither waits for its copy nor fails with it.",
    ),
);

/** In the memory of each worker. */
const MAX_MOCK_CHARACTERS = 256 * 1024;

const mockBody = scalar({
  type: "text",
  expected: "a text of at most 256 Ki characters",
  parse: (value) => (typeof value === "string" && value.length <= MAX_MOCK_CHARACTERS ? value : undefined),
});

const mock = describedAt(
  "services[].routes[].policies.mock",
  z
    .strictObject({
      status: integer(200, 599).prefault(200).describe("Status of the answer."),
      headers: headerMap.describe("Its headers, such as `content-type`."),
      body: mockBody.prefault("").describe("Its body."),
    })
    .describe("Answers calls in the upstream's place, after authentication, limits and the checks of the request."),
);

const cache = describedAt(
  "policies.cache",
  z
    .strictObject({
      scope: z
        .enum(["application", "team", "route"])
        .prefault("application")
        .describe(
          "Whose calls share stored answers: those of one application, those of one team's applications, or all calls by the route. Callers without an application share theirs.",
        ),
      default_ttl: positiveDuration
        .optional()
        .describe("For how long answers are fresh that say nothing of it; absent: only those that do are given again."),
      override_ttl: positiveDuration
        .optional()
        .describe("For how long answers are fresh whatever they say of it. `no-store`, `no-cache` and `private` hold."),
      stale_while_revalidate: duration
        .prefault("0")
        .describe(
          "For how long a stale answer may be given while a new one is fetched, where answers say nothing of it.",
        ),
      stale_if_error: duration
        .prefault("0")
        .describe("For how long a stale answer may be given when the upstream fails, where answers say nothing of it."),
      vary_by: z
        .array(headerName)
        .prefault([])
        .describe("Request headers whose values tell answers apart, besides those that `Vary` names."),
    })
    .describe(
      "Stores answers and gives them again: of services by RFC 9111, of models for equal requests. `null`: what a more general level says does not hold.",
    ),
);

/** Every kind of policy. What a level does not take is left out in `policiesAt`. */
const KINDS = {
  addresses: addresses.optional(),
  request_headers: describedAt("policies.request_headers", headerEdits("call to the upstream")).optional(),
  response_headers: describedAt("policies.response_headers", headerEdits("answer to the caller")).optional(),
  cors: cors.nullable().optional(),
  request_schema: requestSchema.nullable().optional(),
  mirror: mirror.nullable().optional(),
  mock: mock.optional(),
  cache: cache.nullable().optional(),
  max_body_size: size.optional().describe("Longest request body. The listener's limit holds in any case."),
  limits: limitPolicy("organisation"),
  models: models.optional(),
  tools: tools.optional(),
} as const;

type Kind = keyof typeof KINDS;

const EVERYWHERE = ["addresses", "request_headers", "response_headers", "cache"] as const satisfies Kind[];
const OF_SERVICES = [...EVERYWHERE, "max_body_size", "cors"] as const satisfies Kind[];

/**
 * The kinds of policy that each level takes; `ai`: the unified API, in place of a service, and services of that kind. Services,
 * applications and subscriptions have their limits beside their policies.
 */
export const KINDS_AT = {
  organisation: [...OF_SERVICES, "limits", "models", "tools"],
  team: [...OF_SERVICES, "limits", "models", "tools"],
  service: [...OF_SERVICES, "request_schema", "mirror", "models", "tools"],
  route: [...OF_SERVICES, "request_schema", "mirror", "mock", "limits"],
  application: [...EVERYWHERE, "models", "tools"],
  subscription: [...EVERYWHERE, "models", "tools"],
  ai: ["addresses", "cors", "cache", "models"],
} as const satisfies Record<PolicyLevel | "ai", readonly Kind[]>;

/** `policies` of one level. */
export function policiesAt<Level extends keyof typeof KINDS_AT>(level: Level) {
  const kinds: readonly Kind[] = KINDS_AT[level];
  // What one counter of them is kept for differs from level to level.
  const all = level === "team" || level === "route" ? { ...KINDS, limits: limitPolicy(level) } : KINDS;
  const shape = Object.fromEntries(Object.entries(all).filter(([kind]) => (kinds as string[]).includes(kind)));
  return z.strictObject(shape as Pick<typeof KINDS, (typeof KINDS_AT)[Level][number]>);
}

/** What any of the levels may say. */
export type PoliciesConfiguration = { [One in Kind]?: z.output<(typeof KINDS)[One]> };
