import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { DEFAULT_RULES } from "../../../src/governance/linting/default-rules.ts";
import { runLint } from "../../../src/governance/linting/run-lint.ts";
import { readFixture } from "./fixtures.ts";

type Json = Record<string, unknown>;
/** Any depth: what a case changes of the tidy document is found by name. */
// biome-ignore lint/suspicious/noExplicitAny: a parsed fixture, whose shape the case knows.
type Draft = any;

const TIDY = readFixture("orders-v1.yaml");

async function findingsAfter(edit: (document: Draft) => void, ruleset: string | null = null) {
  const document: Json = parse(TIDY);
  edit(document);
  return (await runLint({ text: stringify(document, { aliasDuplicateObjects: false }), ruleset })).findings;
}

/** The rules that are on without a ruleset, but for all others than this: each would look at every case. */
function alone(name: string): string {
  const others = DEFAULT_RULES.filter((rule) => rule.name !== name);
  return JSON.stringify({
    extends: "tidegate:default",
    rules: Object.fromEntries(others.map((rule) => [rule.name, "off"])),
  });
}

const BASIC = { type: "http", scheme: "basic", description: "x" };

/** For each rule an edit of the tidy document that it must find, where, and with what words. */
const CASES: Readonly<Record<string, readonly [edit: (document: Draft) => void, path: string, message: RegExp]>> = {
  "oas3-schema": [(d) => delete d.info.title, "info", /must have required property "title"/],
  "path-params": [(d) => delete d.paths["/orders/{id}"].parameters, "paths./orders/{id}.get", /\{id\}.*declare each/],
  "operation-parameters": [
    (d) => d.paths["/orders"].get.parameters.push({ name: "status", in: "query", description: "x", schema: {} }),
    "paths./orders.get.parameters[2]",
    /same.*remove one/,
  ],
  "operation-success-response": [
    (d) => delete d.paths["/orders"].get.responses["200"],
    "paths./orders.get.responses",
    /2xx/,
  ],
  "array-items": [
    (d) => delete d.components.schemas.NewOrder.properties.lines.items,
    "components.schemas.NewOrder.properties.lines",
    /items/,
  ],
  "no-$ref-siblings": [
    (d) => {
      d.openapi = "3.0.3";
      d.components.schemas.Order.allOf[1].properties.status.description = "x";
    },
    "components.schemas.Order.allOf[1].properties.status.description",
    /ignores/,
  ],
  "typed-enum": [
    (d) => d.components.schemas.OrderStatus.enum.push(7),
    "components.schemas.OrderStatus.enum[3]",
    /must be "?string/,
  ],
  "duplicated-entry-in-enum": [
    (d) => d.components.schemas.OrderStatus.enum.push("paid"),
    "components.schemas.OrderStatus.enum",
    /duplicate/,
  ],
  "oas3-valid-media-example": [
    (d) => {
      d.paths["/orders"].post.requestBody.content["application/json"].example = { lines: 7 };
    },
    "paths./orders.post.requestBody.content.application/json.example.lines",
    /must be array/,
  ],
  "oas3-valid-schema-example": [
    (d) => {
      d.components.parameters.limit.schema.default = "many";
    },
    "components.parameters.limit.schema.default",
    /must be integer/,
  ],
  "oas3-unused-component": [
    (d) => {
      d.components.schemas.Unused = { type: "string", description: "x" };
    },
    "components.schemas.Unused",
    /Nothing refers/,
  ],
  "oas3-server-variables": [
    (d) => {
      d.servers[0].url = "https://{host}/v1";
    },
    "servers[0]",
    /host/,
  ],
  "oas3-server-trailing-slash": [
    (d) => {
      d.servers[0].url += "/";
    },
    "servers[0].url",
    /slash/,
  ],
  "path-declarations-must-exist": [
    (d) => {
      d.paths["/a/{}"] = {};
    },
    "paths./a/{}",
    /without a name/,
  ],
  "path-not-include-query": [
    (d) => {
      d.paths["/a?b=c"] = {};
    },
    "paths./a?b=c",
    /query string/,
  ],
  "path-kebab-case": [
    (d) => {
      d.paths["/orderLines"] = {};
    },
    "paths./orderLines",
    /"orderLines".*"order-lines"/,
  ],
  "path-no-verbs": [
    (d) => {
      d.paths["/orders/create-all"] = {};
    },
    "paths./orders/create-all",
    /"create-all" says what is done/,
  ],
  "path-no-trailing-slash": [
    (d) => {
      d.paths["/orders/"] = {};
    },
    "paths./orders/",
    /remove the slash/,
  ],
  "operation-operationId": [(d) => delete d.paths["/orders"].get.operationId, "paths./orders.get", /no operationId/],
  "operation-operationId-unique": [
    (d) => {
      d.paths["/orders"].get.operationId = "placeOrder";
    },
    "paths./orders.post.operationId",
    /rename/,
  ],
  "operation-id-camel-case": [
    (d) => {
      d.paths["/orders"].get.operationId = "list_orders";
    },
    "paths./orders.get.operationId",
    /"list_orders" is not in camelCase/,
  ],
  "property-casing-consistent": [
    (d) => {
      const { properties } = d.components.schemas.Problem;
      Object.assign(properties, {
        traceId: { description: "x" },
        spanId: { description: "x" },
        user_id: { description: "x" },
      });
    },
    "components.schemas.Problem.properties.user_id",
    /"user_id" is not in camelCase.*"userId"/,
  ],
  "info-version-semver": [
    (d) => {
      d.info.version = "v2";
    },
    "info.version",
    /"v2" is not semantic/,
  ],
  "major-version-in-url": [
    (d) => {
      d.servers[0].url = "https://api.example.com";
    },
    "servers",
    /No URL carries/,
  ],
  "info-description": [(d) => delete d.info.description, "info", /not described/],
  "info-contact": [(d) => delete d.info.contact, "info", /info.contact/],
  "operation-description": [(d) => delete d.paths["/orders"].get.description, "paths./orders.get", /not described/],
  "operation-tags": [(d) => delete d.paths["/orders"].get.tags, "paths./orders.get", /no tag/],
  "operation-tag-defined": [
    (d) => {
      d.paths["/orders"].get.tags = ["x"];
    },
    "paths./orders.get.tags[0]",
    /not defined/,
  ],
  "openapi-tags-uniqueness": [
    (d) => {
      d.tags.push(d.tags[0]);
    },
    "tags[1].name",
    /remove one/,
  ],
  "tag-description": [(d) => delete d.tags[0].description, "tags[0]", /not described/],
  "parameter-description": [
    (d) => delete d.components.parameters.limit.description,
    "components.parameters.limit",
    /not described/,
  ],
  "property-description": [
    (d) => delete d.components.schemas.NewOrder.properties.note.description,
    "components.schemas.NewOrder.properties.note",
    /"note" is not described/,
  ],
  "no-script-tags-in-markdown": [
    (d) => {
      d.info.description = "<script>x</script>";
    },
    "info.description",
    /script/,
  ],
  "no-eval-in-markdown": [
    (d) => {
      d.info.description = "eval(x)";
    },
    "info.description",
    /eval/,
  ],
  "error-response-schema": [
    (d) => delete d.components.responses.Forbidden.content,
    "components.responses.Forbidden",
    /Response 403 does not say/,
  ],
  "error-response-consistent": [
    (d) => {
      d.paths["/orders/{id}"].get.responses["404"].content = { "text/plain": { schema: { type: "string" } } };
    },
    "paths./orders/{id}.get.responses.404.content.text/plain",
    /text\/plain, while others are application\/problem\+json/,
  ],
  "security-responses": [
    (d) => delete d.paths["/orders"].get.responses["403"],
    "paths./orders.get.responses",
    /what 403 looks like: add the response\./,
  ],
  "rate-limit-response": [(d) => delete d.paths["/orders"].get.responses["429"], "paths./orders.get.responses", /429/],
  "oas3-api-servers": [(d) => delete d.servers, "", /No server/],
  "server-https": [
    (d) => {
      d.servers[0].url = "http://api.example.com/v1";
    },
    "servers[0].url",
    /does not speak HTTPS/,
  ],
  "operation-security-declared": [(d) => delete d.security, "paths./orders.get", /`security: \[\]`/],
  "oas3-operation-security-defined": [
    (d) => {
      d.security = [{ x: [] }];
    },
    "security[0].x",
    /securitySchemes/,
  ],
  "no-api-key-in-query": [
    (d) => {
      d.components.securitySchemes.key = { type: "apiKey", in: "query", name: "key", description: "x" };
    },
    "components.securitySchemes.key.in",
    /in: header/,
  ],
  "no-basic-auth-over-http": [
    (d) => {
      d.components.securitySchemes.password = BASIC;
      d.servers.push({ url: "http://old.example.com/v1" });
    },
    "components.securitySchemes.password",
    /clear to http:\/\/old\.example\.com/,
  ],
};

describe("tidegate:default", () => {
  it("finds nothing in a document that is in order", async () => {
    for (const name of ["orders-v1.yaml", "orders-v2.yaml"]) {
      expect((await runLint({ text: readFixture(name), ruleset: null })).findings).toEqual([]);
    }
  });

  it.each(DEFAULT_RULES.map(({ name, severity }) => [name, severity] as const))("%s", async (name, severity) => {
    const [edit, path, message] = CASES[name] ?? expect.fail("no case for this rule");
    const found = await findingsAfter(edit, alone(name));
    expect(new Set(found.map(({ rule }) => rule))).toEqual(new Set([name]));
    expect(found.map((finding) => finding.path)).toContain(path);
    const finding = found.find((one) => one.path === path);
    expect(finding).toMatchObject({ severity, documentation: `governance.md#${name}` });
    expect(finding?.message).toMatch(message);
  });

  it("lets pass what looks like a mistake and is none", async () => {
    const findings = await findingsAfter((d) => {
      d.servers = [
        { url: "http://localhost:8080/v1", description: "x" },
        { url: "/v1", description: "x" },
      ];
      d.components.securitySchemes.password = BASIC;
      d.paths["/orders/{id}"].get.security = [{ oauth: [] }, {}];
      delete d.paths["/orders/{id}"].get.responses["401"];
      d.paths["/.well-known/openid-configuration"] = d.paths["/health"];
      delete d.paths["/health"];
      d.paths["/addresses"] = { get: { ...d.paths["/orders"].get, operationId: "listAddresses" } };
      d.paths["/orders"].get.responses["4XX"] = d.paths["/orders"].get.responses["400"];
      delete d.paths["/orders"].get.responses["429"];
      d.components.schemas.Problem.properties.example = { type: "string", description: "x" };
    });
    expect(findings.filter(({ rule }) => rule !== "oas3-unused-component")).toEqual([]);
  });

  it("names one path where the others carry a version, and the schema that most errors have", async () => {
    const findings = await findingsAfter((d) => {
      d.servers[0].url = "https://api.example.com";
      d.paths = { "/v1/orders": d.paths["/orders"], "/health": d.paths["/health"] };
      const plain = (schema: unknown) => ({ description: "x", content: { "application/json": { schema } } });
      const error = { $ref: "#/components/schemas/Problem" };
      d.components.responses.BadRequest = plain(error);
      d.components.responses.Unauthorized = plain(error);
      d.components.responses.Forbidden = plain(error);
      d.components.responses.TooManyRequests = plain({ type: "string" });
    });
    expect(findings.filter(({ rule }) => rule !== "oas3-unused-component")).toMatchObject([
      { rule: "major-version-in-url", path: "paths./health" },
      {
        rule: "error-response-consistent",
        path: "components.responses.TooManyRequests.content.application/json",
        message: expect.stringContaining("most have #/components/schemas/Problem"),
      },
    ]);
  });
});
