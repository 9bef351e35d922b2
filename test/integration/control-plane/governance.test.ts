import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdminClient, Asked } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";

/** One path, whose `limit` the caller may or may not have to send. */
const documentOf = ({ version = "1.0.0", isRequired = false, path = "/invoices" } = {}) => `openapi: 3.1.0
info: { title: Billing, version: ${version} }
security: []
paths:
  ${path}:
    get:
      operationId: listInvoices
      parameters:
        - { name: limit, in: query, required: ${isRequired}, schema: { type: integer } }
      responses: { "200": { description: The invoices } }
`;

/** Nothing but one rule of the team's own. */
const NO_BILLING = `rules:
  title-without-billing:
    description: The title is not Billing.
    message: Call it something else than "{{value}}".
    severity: error
    given: $.info.title
    then: { function: pattern, functionOptions: { notMatch: Billing } }
`;

describe.each(DATABASES)("governance of what is published, on %s", (kind) => {
  let test: TestPlane;
  let owner: AdminClient;
  let ada: AdminClient;
  let count = 0;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    owner = test.owner;
    await test.team("finance");
    ada = await test.person("ada@example.org", { teams: { finance: "owner" } });
  });
  afterAll(() => test.close());

  const settings = (fields: object) => owner.do("PATCH", "/settings", fields);
  const ruleset = (text: string | null) => ada.put("/teams/finance/ruleset", { ruleset: text });
  const make = async (openapi: string | null): Promise<string> => {
    const id = `service-${++count}`;
    await ada.do("POST", "/services", { id, team: "finance", openapi, draft: draftAt(`/${id}`) });
    return id;
  };
  const publish = (id: string) => ada.post(`/services/${id}/publish`, {});
  const outcome = ({ status, body }: Asked) => [status, body.code];

  it("lints a draft by the team's rules, or by the default ones", async () => {
    const id = await make(documentOf({ path: "/getInvoices" }));
    const byDefault = await ada.do("GET", `/services/${id}/lint`);
    expect(byDefault).toMatchObject({ publish_blocking_severity: "off", blocks_publishing: false });
    expect(byDefault.findings.map(({ rule }: { rule: string }) => rule)).toContain("path-kebab-case");

    expect((await ruleset(NO_BILLING)).status).toBe(200);
    const { findings, summary } = await ada.do("GET", `/services/${id}/lint`);
    expect(findings).toEqual([
      {
        rule: "title-without-billing",
        severity: "error",
        message: 'Call it something else than "Billing".',
        path: "info.title",
        line: 2,
        column: 16,
        documentation: null,
      },
    ]);
    expect(summary).toEqual({ error: 1, warn: 0, info: 0, hint: 0 });
    expect((await ada.do("GET", "/teams/finance/ruleset")).ruleset).toBe(NO_BILLING);
    await ruleset(null);
    expect((await ada.get(`/services/${await make(null)}/lint`)).status).toBe(404);
  });

  it("takes no ruleset that could not be used, and says where it is wrong", async () => {
    const refused = await ruleset("rules:\n  mine:\n    given: $.info\n    then: { function: guess }\n");
    expect(outcome(refused)).toEqual([400, "invalid_request"]);
    expect(refused.body.errors[0]).toMatchObject({ path: "ruleset.rules.mine.then.function" });
    expect(refused.body.errors[0].message).toMatch(/^4:\d+ /);
    const unknown = await ruleset("extends: tidegate:default\nrules: { no-such-rule: warn }\n");
    expect(outcome(unknown)).toEqual([400, "invalid_request"]);
    expect(unknown.body.errors[0].message).toContain("no-such-rule");
    expect((await ada.do("GET", "/teams/finance/ruleset")).ruleset).toBeNull();
  });

  it("does not change a ruleset that somebody else has changed", async () => {
    const { revision } = await ada.do("GET", "/teams/finance/ruleset");
    await ruleset(null);
    const stale = ada.with({ "if-match": `"${revision}"` });
    expect(outcome(await stale.put("/teams/finance/ruleset", { ruleset: NO_BILLING }))).toEqual([
      412,
      "precondition_failed",
    ]);
  });

  it("publishes no document with findings as severe as the organisation says", async () => {
    const id = await make(documentOf({ version: "first" }));
    await settings({ publish_blocking_severity: "error" });
    const refused = await publish(id);
    expect(outcome(refused)).toEqual([422, "not_publishable"]);
    expect(refused.body.errors).toEqual([
      { path: "openapi.info.version", message: expect.stringMatching(/^2:\d+ error info-version-semver: /) },
    ]);
    expect(await ada.do("GET", `/services/${id}/lint`)).toMatchObject({ blocks_publishing: true });
    expect((await ada.do("GET", `/services/${id}`)).current_release).toBeNull();

    await ada.do("PATCH", `/services/${id}`, { openapi: documentOf() });
    expect((await publish(id)).body.current_release).toBe(1);
    await settings({ publish_blocking_severity: "warn" });
    expect(outcome(await publish(id))).toEqual([422, "not_publishable"]);
    // Nothing to be judged.
    expect((await publish(await make(null))).body.current_release).toBe(1);
    await settings({ publish_blocking_severity: "off" });
    expect((await publish(id)).body.current_release).toBe(2);
  });

  it("does not even ask a second person about such a document", async () => {
    const id = await make(documentOf({ version: "first" }));
    await settings({ publish_blocking_severity: "error", publish_needs_second_person: true });
    expect(outcome(await publish(id))).toEqual([422, "not_publishable"]);
    expect((await ada.do("GET", `/services/${id}`)).review).toBeNull();
    await settings({ publish_blocking_severity: "off", publish_needs_second_person: false });
  });

  it("publishes no change that breaks callers, unless the version announces it", async () => {
    const id = await make(documentOf());
    await settings({ publish_blocks_breaking_changes: true });
    expect((await publish(id)).status).toBe(200);
    await ada.do("PATCH", `/services/${id}`, { openapi: documentOf({ isRequired: true, version: "1.1.0" }) });
    const refused = await publish(id);
    expect(outcome(refused)).toEqual([422, "not_publishable"]);
    expect(refused.body.errors).toEqual([
      {
        path: expect.stringMatching(/^openapi\.paths\.\/invoices\.get/),
        message: expect.stringMatching(/^GET \/invoices: /),
      },
    ]);
    await ada.do("PATCH", `/services/${id}`, { openapi: null });
    expect(outcome(await publish(id))).toEqual([422, "not_publishable"]);
    await ada.do("PATCH", `/services/${id}`, { openapi: documentOf({ isRequired: true, version: "2.0.0" }) });
    expect((await publish(id)).body.current_release).toBe(2);
    // To what broke nobody when it was published, one can always go back.
    expect((await ada.post(`/services/${id}/rollback`, { release: 1 })).body.current_release).toBe(1);
    await settings({ publish_blocks_breaking_changes: false });
  });

  it("does not hold a document that nobody can read against the next one", async () => {
    const id = await make("{}");
    expect((await publish(id)).status).toBe(200);
    await settings({ publish_blocks_breaking_changes: true });
    await ada.do("PATCH", `/services/${id}`, { openapi: documentOf() });
    expect((await publish(id)).body.current_release).toBe(2);
    await ada.do("PATCH", `/services/${id}`, { openapi: "{}" });
    expect(outcome(await publish(id))).toEqual([422, "not_publishable"]);
    await settings({ publish_blocks_breaking_changes: false });
  });

  it("publishes nothing that was changed while it was judged", async () => {
    const id = await make(documentOf());
    await settings({ publish_blocking_severity: "error" });
    expect((await publish(id)).status).toBe(200);
    const { linter } = test.plane;
    const held = linter.lintOpenapi;
    linter.lintOpenapi = async (...input) => {
      const result = await held(...input);
      await ada.do("PATCH", `/services/${id}`, { openapi: documentOf({ version: "first" }) });
      return result;
    };
    expect(outcome(await publish(id))).toEqual([409, "conflict"]);
    linter.lintOpenapi = held;
    expect((await ada.do("GET", `/services/${id}`)).current_release).toBe(1);
    await settings({ publish_blocking_severity: "off" });
  });

  it("tells what publishing would change, and what changed between two releases", async () => {
    const id = await make(documentOf());
    const first = await ada.do("GET", `/services/${id}/diff`);
    expect(first).toMatchObject({ from: null, to: null, openapi: null });
    expect(first.text).toContain("+ routes: ");
    await publish(id);
    expect(await ada.do("GET", `/services/${id}/diff`)).toEqual({
      from: 1,
      to: null,
      changes: [],
      text: "",
      openapi: { changes: [], breaking: 0, breaking_changes_announced: false, problem: null },
    });
    const request_headers = { set: { authorization: "Bearer canary-upstream-secret" } };
    const draft = draftAt(`/${id}-two`, { request_headers });
    await ada.do("PATCH", `/services/${id}`, { draft, openapi: documentOf({ path: "/bills" }) });
    await publish(id);
    const changed = await ada.do("GET", `/services/${id}/diff?from=1&to=2`);
    expect(changed).toMatchObject({
      from: 1,
      to: 2,
      openapi: { breaking: 1, breaking_changes_announced: false, problem: null },
    });
    expect(
      changed.openapi.changes.map(({ kind: what, is_breaking }: Record<string, unknown>) => [what, is_breaking]),
    ).toEqual([
      ["path-removed", true],
      ["path-added", false],
    ]);
    expect(changed.text).toContain(`/${id}-two`);
    expect(JSON.stringify(changed)).not.toContain("canary-upstream-secret");
    await ada.do("PATCH", `/services/${id}`, { openapi: "nothing that could be read" });
    const { openapi } = await ada.do("GET", `/services/${id}/diff`);
    expect(openapi.problem).toMatch(/^the new document /);
    expect((await ada.get(`/services/${id}/diff?from=9`)).status).toBe(404);
    expect((await ada.get(`/services/${id}/diff?from=none`)).status).toBe(400);
  });
});
