import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDeclarations } from "../../../src/cli/apply/declarations.ts";
import { exportState } from "../../../src/cli/apply/export.ts";
import { planFor } from "../../../src/cli/apply/plan.ts";
import type { ActualState } from "../../../src/cli/apply/state.ts";
import { TOKEN_ISSUER_DEFAULTS } from "../../../src/snapshot/schema/jwt-issuer.ts";
import { runs } from "../../helpers/property-runs.ts";
import { credentialOf, newService, subscriptionOf } from "./server-model.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidegate-export-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Texts as people write them, and as YAML and variables make them hard. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom(
    `\${HOME}`,
    `$\${HOME}`,
    "${",
    "yes",
    "1e3",
    "~",
    "- a",
    "a: b",
    "# x",
    " a\n\n b\t\n",
    "\r\n",
    "'\"",
    "%",
  ),
);
const name = fc
  .oneof(fc.constantFrom("Billing & more", `\${NAME}`, "007"), fc.stringMatching(/^[ -~]{1,40}$/))
  .filter((one) => one.trim() === one && one !== "");
const header = fc.oneof(fc.constantFrom("true", "12", `\${X}`, "Bearer a-b"), fc.stringMatching(/^[!-~]{1,20}$/));

const PROVIDER_OPTIONS = {
  token_endpoint_auth_method: "client_secret_post",
  scopes: ["openid", "groups"],
  name_claim: "name",
  groups_claim: "realm.groups",
  group_roles: [{ group: "leads", team: "finance", role: "owner" }],
  default_role: "member",
  required_groups: [],
  allowed_email_domains: ["example.org"],
  require_verified_email: true,
  create_users: false,
  link_existing_users: false,
};

const ED25519 = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const ISSUER = {
  ...TOKEN_ISSUER_DEFAULTS,
  issuer: "iss",
  algorithms: ["EdDSA"],
  keys: null,
  jwk_set: null,
  keysFit: true,
  revision: 2,
};

const states: fc.Arbitrary<ActualState> = fc
  .record({ name, description: text, documentation: text, openapi: fc.option(text), header, isServed: fc.boolean() })
  .map(({ header: value, openapi, isServed, ...fields }) => {
    const reference = { vault: { path: "secret/billing", field: "token" }, prefix: "Bearer " };
    const draft = {
      routes: [{ path: "/billing", methods: ["GET"], host: null }],
      upstream: { targets: [{ url: "http://127.0.0.1:9001", weight: 2 }], timeouts: { idle: "30s" } },
      request_headers: { set: { "x-key": value, authorization: reference }, remove: ["cookie"] },
    };
    const policies = {
      addresses: { deny: ["192.0.2.0/24"] },
      request_headers: { set: { "x-key": value } },
    };
    const limits = [{ per: "service", requests: 1, window: "1m" }];
    const service = { ...newService("billing", "finance"), ...fields, openapi, has_openapi: openapi !== null, draft };
    const publication = { state: "published", current_release: 2, released: { configuration: draft, openapi } };
    return {
      actor: "me",
      policies: { limits, response_headers: { set: { "x-key": value } } },
      identityProviders: [
        {
          id: "acme",
          name: fields.name,
          issuer: "https://idp.example.org",
          client_id: "tidegate",
          has_client_secret: true,
          client_secret_reference: null,
          ...PROVIDER_OPTIONS,
          email_claim: fields.name,
          enabled: isServed,
          redirect_path: "/api/v1/sign-in/acme/callback",
          created_by: "me",
          created_at: "2026-01-01T00:00:00.000Z",
          revision: 4,
          secretFits: true,
        },
      ],
      tokenIssuers: [
        {
          ...ISSUER,
          id: "fetched",
          issuer: `\${ISS} of ${fields.name}`,
          jwks_url: "https://a.test/",
          forward_token: true,
        },
        { ...ISSUER, id: "public", issuer: "public", jwk_set: { keys: [{ kty: "OKP", crv: "Ed25519", x: ED25519 }] } },
        {
          ...ISSUER,
          id: "secret",
          issuer: "secret",
          algorithms: ["HS256"],
          keys: [{ id: "k", public_key: null, has_secret: true }],
        },
      ],
      credentials: [
        { ...credentialOf("web", { basic: { username: "a" } }), name: fields.name, addresses: ["192.0.2.0/24"] },
        credentialOf("web", { hmac: { key_id: `\${K}`, max_age: "90s" }, expires_at: "2100-01-01T00:00:00.000Z" }),
        credentialOf("web", { jwt: { issuer: "fetched", claim: "azp", values: [`\${V}`, "w"] } }),
        credentialOf("web", { mtls: { fingerprint: "ab".repeat(32) } }),
        { ...credentialOf("web", { basic: { username: "gone" } }), state: "revoked" },
        { ...credentialOf("web", {}), prefix: "tg_" },
      ],
      teams: [
        {
          id: "finance",
          name: fields.name,
          description: fields.description,
          policies: { ...policies, limits },
          revision: 1,
        },
      ],
      roles: [
        { id: "reader", name: fields.name, scope: "team", permissions: ["team.read"], built_in: false, revision: 1 },
      ],
      services: [isServed ? { ...service, ...publication } : service],
      applications: [
        {
          id: "web",
          team: "finance",
          name: fields.name,
          description: "",
          limits: [{ requests: 1, window: "1m" }],
          policies,
          revision: 1,
        },
      ],
      subscriptions: [
        {
          ...subscriptionOf("web", "finance", "ai", "approved"),
          expires_at: "2100-01-01T00:00:00.000Z",
          limits: [{ tokens: 1000, window: "1m" }],
          policies: { addresses: { allow: ["192.0.2.0/24"] } },
        },
        {
          ...subscriptionOf("web", "finance", "billing", "approved"),
          policies: { request_headers: { set: { "x-key": value } } },
        },
        subscriptionOf("web", "finance", "x", "revoked"),
      ],
    };
  });

async function planOf(yaml: string, env: Record<string, string>, state: ActualState) {
  const file = join(folder, "export.yaml");
  writeFileSync(file, yaml);
  const { desired, problems } = await readDeclarations([file], env);
  expect(problems).toEqual([]);
  if (desired === null) throw new Error("unreachable");
  return planFor(desired, state, { prune: true });
}

describe("an export", () => {
  it("changes nothing when it is applied", async () => {
    await fc.assert(
      fc.asyncProperty(states, async (state) => {
        const { yaml } = exportState(state, { headerValues: true });
        const { steps, obstacles } = await planOf(yaml, {}, state);
        expect([...steps, ...obstacles]).toEqual([]);
      }),
      { numRuns: runs(100) },
    );
  });

  it("has variables where credentials may be, whose values make it the same again", async () => {
    await fc.assert(
      fc.asyncProperty(states, fc.stringMatching(/^secret-[a-z]{8}$/), async (state, secret) => {
        const [service] = state.services;
        if (service === undefined) return;
        const draft = { ...service.draft, request_headers: { set: { authorization: secret } } };
        const policies = { response_headers: { add: { "x-key": secret } } };
        const state2 = {
          ...state,
          policies: { request_headers: { set: { "x-org": secret } } },
          subscriptions: state.subscriptions.slice(1, 2).map((one) => ({ ...one, policies })),
          teams: state.teams.map((team) => ({ ...team, policies: { limits: team.policies.limits } })),
          applications: state.applications.map((application) => ({ ...application, policies })),
          services: [{ ...service, draft, released: null, state: "draft", current_release: null }],
        };
        const { yaml, variables } = exportState(state2, { headerValues: false });
        expect(yaml).not.toContain(secret);
        const names = [
          "ORGANISATION_POLICIES_REQUEST_HEADERS_SET_X_ORG",
          "BILLING_REQUEST_HEADERS_SET_AUTHORIZATION",
          "WEB_POLICIES_RESPONSE_HEADERS_ADD_X_KEY",
          "WEB_BILLING_POLICIES_RESPONSE_HEADERS_ADD_X_KEY",
        ];
        expect(variables).toEqual(names);
        const { steps } = await planOf(yaml, Object.fromEntries(names.map((one) => [one, secret])), state2);
        expect(steps).toEqual([]);
      }),
      { numRuns: runs(50) },
    );
  });

  it("leaves out what is retired, and does not publish a draft that nobody published", () => {
    const state: ActualState = {
      actor: "me",
      policies: null,
      identityProviders: null,
      tokenIssuers: null,
      credentials: [],
      teams: [],
      roles: [{ id: "viewer", name: "Viewer", scope: "team", permissions: [], built_in: true, revision: null }],
      services: [
        { ...newService("old", "finance"), state: "retired" },
        {
          ...newService("billing", "finance"),
          state: "published",
          current_release: 1,
          released: { configuration: { access: "open" }, openapi: null },
        },
      ],
      applications: [],
      subscriptions: [],
    };
    const { yaml, notes } = exportState(state, { headerValues: false });
    expect(yaml).not.toMatch(/old|publish|viewer/);
    expect(notes).toEqual([
      "service old is retired: left out",
      "service billing: its draft is not what is served: it is exported without `publish: true`",
    ]);
  });
});
