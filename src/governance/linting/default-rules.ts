import type { Severity } from "./finding.ts";
import type { RuleThen } from "./ruleset-data.ts";

/** A rule of `tidegate:default`. `{{value}}` and `{{error}}` stand for what was found. */
export interface DefaultRule {
  readonly name: string;
  readonly group: (typeof RULE_GROUPS)[number];
  readonly severity: Severity;
  /** What the rule asks for; it is what the documentation says. */
  readonly asks: string;
  /** What a finding says: what is wrong, and what to do. */
  readonly message: string;
  /** Absent for a rule of `spectral:oas`, of which only severity and message are ours. */
  readonly check?: RuleCheck;
}

export interface RuleCheck {
  readonly given: readonly string[];
  /** False: `$ref`s are left as they are. */
  readonly resolved?: boolean;
  /** A built-in function of Spectral, or one of src/governance/linting/functions/. */
  readonly applies: RuleThen;
}

export const RULE_GROUPS = ["structure", "naming", "versioning", "descriptions", "errors", "security"] as const;

/** What is looked at before the rules, and can't be switched off: without it the others would judge half a document. */
export const BUILT_IN_CHECKS: readonly Omit<DefaultRule, "check" | "message">[] = [
  {
    name: "document-syntax",
    group: "structure",
    severity: "error",
    asks: "The text is YAML or JSON, without duplicate keys.",
  },
  {
    name: "openapi-version",
    group: "structure",
    severity: "error",
    asks: "The document is OpenAPI 3.0 or 3.1. Swagger 2.0 has to be converted first.",
  },
  {
    name: "external-reference",
    group: "structure",
    severity: "error",
    asks: "Every `$ref` stays within the document: nothing is fetched, so several files have to be bundled into one.",
  },
  {
    name: "invalid-ref",
    group: "structure",
    severity: "error",
    asks: "Every `$ref` leads to something.",
  },
];

const LOCAL_HTTP = "http://(localhost|127\\.0\\.0\\.1|\\[::1\\])([:/]|$)";
const ALL_SERVERS = ["$.servers[*].url", "$.paths[*].servers[*].url", "$.paths[*][*].servers[*].url"];

function whole(name: string, functionOptions?: unknown): RuleCheck {
  return { given: ["$"], resolved: false, applies: { function: name, functionOptions } };
}

/** The ruleset `tidegate:default`. */
export const DEFAULT_RULES: readonly DefaultRule[] = [
  {
    name: "oas3-schema",
    group: "structure",
    severity: "error",
    asks: "The document has the structure that OpenAPI prescribes.",
    message: "{{error}}: see the OpenAPI specification for this object.",
  },
  {
    name: "path-params",
    group: "structure",
    severity: "error",
    asks: "Each `{name}` in a path is declared as a path parameter, required, and the other way round.",
    message: "{{error}}: declare each {name} of the path with `in: path` and `required: true`.",
  },
  {
    name: "operation-parameters",
    group: "structure",
    severity: "error",
    asks: "No parameter is there twice.",
    message: "{{error}}: remove one of them.",
  },
  {
    name: "operation-success-response",
    group: "structure",
    severity: "error",
    asks: "Every operation has a `2xx` or `3xx` response.",
    message: "The operation has no 2xx or 3xx response: say what it answers when all goes well.",
  },
  {
    name: "array-items",
    group: "structure",
    severity: "error",
    asks: "A schema with `type: array` says what its items are.",
    message: "The array does not say what it holds: add `items`.",
  },
  {
    name: "no-$ref-siblings",
    group: "structure",
    severity: "warn",
    asks: "In OpenAPI 3.0 nothing stands beside a `$ref`, where it would be ignored.",
    message: "OpenAPI 3.0 ignores what stands beside a $ref: move it into the referenced part, or use `allOf`.",
  },
  {
    name: "typed-enum",
    group: "structure",
    severity: "warn",
    asks: "Values of an `enum` are of the schema's type.",
    message: "{{error}}: correct the value, or the type.",
  },
  {
    name: "duplicated-entry-in-enum",
    group: "structure",
    severity: "warn",
    asks: "An `enum` has no value twice.",
    message: "{{error}}: remove one of them.",
  },
  {
    name: "oas3-valid-media-example",
    group: "structure",
    severity: "warn",
    asks: "Examples of bodies, parameters and headers are valid against their schema.",
    message: "The example does not fit its schema: {{error}}. Correct one of the two.",
  },
  {
    name: "oas3-valid-schema-example",
    group: "structure",
    severity: "warn",
    asks: "Examples and defaults of schemas are valid against them.",
    message: "The example or default does not fit its schema: {{error}}. Correct one of the two.",
  },
  {
    name: "oas3-unused-component",
    group: "structure",
    severity: "info",
    asks: "Every component is used.",
    message: "Nothing refers to this component: remove it, or use it.",
  },
  {
    name: "oas3-server-variables",
    group: "structure",
    severity: "error",
    asks: "Variables of a server URL are defined, used, and have a default among their values.",
    message: "{{error}}: correct the server's URL or its variables.",
  },
  {
    name: "oas3-server-trailing-slash",
    group: "structure",
    severity: "warn",
    asks: "Server URLs do not end with a slash: paths begin with one.",
    message: "The server URL ends with a slash, and paths begin with one: remove it.",
  },
  {
    name: "path-declarations-must-exist",
    group: "structure",
    severity: "error",
    asks: "No `{}` without a name is in a path.",
    message: "The path has a parameter without a name: write {name}.",
  },
  {
    name: "path-not-include-query",
    group: "structure",
    severity: "error",
    asks: "Paths have no query string.",
    message: "The path has a query string: declare `in: query` parameters instead.",
  },
  {
    name: "path-kebab-case",
    group: "naming",
    severity: "warn",
    asks: "Segments of paths are in kebab-case: `/order-lines/{lineId}`.",
    message: "{{error}}",
    check: whole("kebabCasePaths"),
  },
  {
    name: "path-no-verbs",
    group: "naming",
    severity: "warn",
    asks: "Paths name things; what is done to them is the method: `DELETE /orders/{id}`, not `/deleteOrder`.",
    message: "{{error}}",
    check: whole("verbFreePaths"),
  },
  {
    name: "path-no-trailing-slash",
    group: "naming",
    severity: "warn",
    asks: "Paths do not end with a slash.",
    message: "The path ends with a slash, which makes it another path than the one without: remove the slash.",
    check: {
      given: ["$.paths"],
      applies: { field: "@key", function: "pattern", functionOptions: { notMatch: "./$" } },
    },
  },
  {
    name: "operation-operationId",
    group: "naming",
    severity: "warn",
    asks: "Every operation has an `operationId`.",
    message:
      "The operation has no operationId, by which generated clients and tools call it: add one such as listOrders.",
  },
  {
    name: "operation-operationId-unique",
    group: "naming",
    severity: "error",
    asks: "No two operations have the same `operationId`.",
    message: "Another operation has the same operationId: rename one of them.",
  },
  {
    name: "operation-id-camel-case",
    group: "naming",
    severity: "warn",
    asks: "An `operationId` is in camelCase: `listOrders`.",
    message: 'operationId "{{value}}" is not in camelCase: write it like listOrders.',
    check: {
      given: ["#OperationObject"],
      applies: { field: "operationId", function: "pattern", functionOptions: { match: "^[a-z][A-Za-z0-9]*$" } },
    },
  },
  {
    name: "property-casing-consistent",
    group: "naming",
    severity: "warn",
    asks: "Properties are all in camelCase, or all in snake_case: in that of most of the document's properties.",
    message: "{{error}}",
    check: whole("consistentPropertyCasing"),
  },
  {
    name: "info-version-semver",
    group: "versioning",
    severity: "error",
    asks: "`info.version` is a semantic version: `1.4.2`.",
    message: 'Version "{{value}}" is not semantic: write major.minor.patch, such as "1.0.0".',
    check: {
      given: ["$.info"],
      applies: {
        field: "version",
        function: "pattern",
        functionOptions: {
          match: "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$",
        },
      },
    },
  },
  {
    name: "major-version-in-url",
    group: "versioning",
    severity: "warn",
    asks: "Servers, or all paths, carry the major version: `https://api.example.com/orders/v1`.",
    message: "{{error}}",
    check: whole("majorVersionInUrl"),
  },
  {
    name: "info-description",
    group: "descriptions",
    severity: "warn",
    asks: "`info.description` says what the API is for.",
    message: "The API is not described: say in info.description what it is for.",
  },
  {
    name: "info-contact",
    group: "descriptions",
    severity: "info",
    asks: "`info.contact` says whom to ask.",
    message: "Nobody is named to ask: add info.contact.",
  },
  {
    name: "operation-description",
    group: "descriptions",
    severity: "warn",
    asks: "Every operation has a description.",
    message: "The operation is not described: say in `description` what it does, and what a caller must know.",
  },
  {
    name: "operation-tags",
    group: "descriptions",
    severity: "info",
    asks: "Every operation has a tag.",
    message: "The operation has no tag, so that documentation can't group it: add `tags`.",
  },
  {
    name: "operation-tag-defined",
    group: "descriptions",
    severity: "warn",
    asks: "Tags of operations are among the document's `tags`.",
    message: "The tag is not defined: add it, with a description, to the document's `tags`.",
  },
  {
    name: "openapi-tags-uniqueness",
    group: "descriptions",
    severity: "error",
    asks: "No two tags have the same name.",
    message: "{{error}}: remove one of them.",
  },
  {
    name: "tag-description",
    group: "descriptions",
    severity: "info",
    asks: "Every tag has a description.",
    message: "The tag is not described: add a `description`.",
  },
  {
    name: "parameter-description",
    group: "descriptions",
    severity: "warn",
    asks: "Every parameter has a description.",
    message: "The parameter is not described: say in `description` what it does.",
    check: {
      given: ["#PathItem", "#OperationObject", "$.components"].map((place) => `${place}.parameters[?(@ && @.in)]`),
      resolved: false,
      applies: { field: "description", function: "truthy" },
    },
  },
  {
    name: "property-description",
    group: "descriptions",
    severity: "info",
    asks: "Every property of a schema has a description, or refers to a schema that has one.",
    message: "{{error}}",
    check: whole("describedProperties"),
  },
  {
    name: "no-script-tags-in-markdown",
    group: "descriptions",
    severity: "error",
    asks: "Descriptions hold no `<script>`.",
    message: "Descriptions are shown in browsers: remove the <script>.",
  },
  {
    name: "no-eval-in-markdown",
    group: "descriptions",
    severity: "error",
    asks: "Descriptions hold no `eval(`.",
    message: "Descriptions are shown in browsers: remove the eval(.",
  },
  {
    name: "error-response-schema",
    group: "errors",
    severity: "warn",
    asks: "Every `4xx`, `5xx` and `default` response has a schema.",
    message: "{{error}}",
    check: whole("errorResponsesHaveSchema"),
  },
  {
    name: "error-response-consistent",
    group: "errors",
    severity: "warn",
    asks: "All errors are `application/problem+json` (RFC 9457), or all have one and the same schema.",
    message: "{{error}}",
    check: whole("oneErrorSchema"),
  },
  {
    name: "security-responses",
    group: "errors",
    severity: "warn",
    asks: "Operations that need credentials say what `401` and `403` look like.",
    message: "{{error}}",
    check: whole("securedOperationsAnswer", { statuses: ["401", "403"] }),
  },
  {
    name: "rate-limit-response",
    group: "errors",
    severity: "info",
    asks: "Operations that need credentials, and so have limits, say what `429` looks like.",
    message: "{{error}}",
    check: whole("securedOperationsAnswer", { statuses: ["429"] }),
  },
  {
    name: "oas3-api-servers",
    group: "security",
    severity: "warn",
    asks: "The document has `servers`.",
    message: "No server is named: add `servers` with the URL that clients call.",
  },
  {
    name: "server-https",
    group: "security",
    severity: "error",
    asks: "Servers speak HTTPS, but for those on the own machine.",
    message: 'Server "{{value}}" does not speak HTTPS: use https://.',
    check: {
      given: ALL_SERVERS,
      applies: { function: "pattern", functionOptions: { match: `^(https:|[^:]*$|\\{|${LOCAL_HTTP})` } },
    },
  },
  {
    name: "operation-security-declared",
    group: "security",
    severity: "error",
    asks: "Every operation has `security`, its own or the document's; `security: []` says that it is open.",
    message: "{{error}}",
    check: whole("declaredSecurity"),
  },
  {
    name: "oas3-operation-security-defined",
    group: "security",
    severity: "error",
    asks: "Schemes in `security` are defined in `components.securitySchemes`.",
    message: "{{error}} Define it in components.securitySchemes.",
  },
  {
    name: "no-api-key-in-query",
    group: "security",
    severity: "error",
    asks: "API keys are not sent in the query, where logs and browsers keep them.",
    message: "Keys in the query end up in logs and histories: send the key `in: header`.",
    check: {
      given: ["$.components.securitySchemes[?(@ && @.type == 'apiKey')]"],
      applies: { field: "in", function: "pattern", functionOptions: { notMatch: "^query$" } },
    },
  },
  {
    name: "no-basic-auth-over-http",
    group: "security",
    severity: "error",
    asks: "Basic authentication is not used with servers that speak plain HTTP.",
    message: "{{error}}",
    check: whole("noBasicOverHttp"),
  },
];

/** The page that describes the rules of `tidegate:default`, relative to src/docs. */
export function documentationOf(rule: string): string | null {
  const isOurs = [...BUILT_IN_CHECKS, ...DEFAULT_RULES].some(({ name }) => name === rule);
  return isOurs ? `governance.md#${rule}` : null;
}
