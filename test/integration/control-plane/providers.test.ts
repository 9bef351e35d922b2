import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SYSTEM } from "../../../src/control-plane/access/actor.ts";
import { countSealed, sealAgain } from "../../../src/control-plane/storage/sealed.ts";
import { keyId, Sealer } from "../../../src/platform/seal.ts";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { PlaneWithGateway } from "../../helpers/plane-with-gateway.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { startOpenaiProvider } from "../../helpers/providers/openai-provider.ts";
import type { TestPlane } from "../../helpers/test-plane.ts";

const KEY = "sk-canary-provider-key-1234567890";
const OTHER_KEY = "sk-canary-another-key-0987654321";
const HEADER = "canary-header-value";

describe.each(DATABASES)("providers and models over the admin API, on %s", (kind) => {
  let upstream: SimulatedProvider;
  let both: PlaneWithGateway;
  let test: TestPlane;
  let owner: AdminClient;

  beforeAll(async () => {
    upstream = await startOpenaiProvider(KEY);
    both = await PlaneWithGateway.open(
      kind,
      `
version: 1
listeners: [{ address: "127.0.0.1:0" }]
providers: [{ id: filed, kind: simulated }]
models: [{ name: filed-route, targets: [{ provider: filed, model: echo }] }]
applications: [{ id: web, keys: [${TEST_KEY}], subscriptions: [ai] }]
`,
    );
    ({ test } = both);
    ({ owner } = test);
  });
  afterAll(async () => {
    await both.close();
    await upstream.close();
  });

  const costOf = async (model: string): Promise<number | null> => {
    const answer = await fetch(`${both.gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    });
    const { usage } = (await answer.json()) as { usage: { prompt_tokens: number } };
    const { costUsd } = await both.gateway.record(answer.headers.get("x-request-id"));
    // Per input token: only they cost something here.
    return costUsd === null ? null : costUsd / usage.prompt_tokens;
  };
  const call = async (model: string): Promise<{ status: number; code: string | null }> => {
    const answer = await fetch(`${both.gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    });
    const body = (await answer.json()) as { error?: { code: string } };
    return { status: answer.status, code: body.error?.code ?? null };
  };
  const served = async <Made>(making: Promise<Made>): Promise<Made> => {
    const made = await making;
    await both.serve();
    return made;
  };
  const provider = (id: string, more: object = {}) => ({
    id,
    kind: "openai-compatible",
    base_url: upstream.baseUrl,
    ...more,
  });
  const faults = async (path: string, body: object): Promise<[string, string][]> => {
    const { status, body: problem } = await owner.post(path, body);
    expect([status, problem.code]).toEqual([400, "invalid_request"]);
    return problem.errors.map(({ path: at, message }: { path: string; message: string }) => [at, message]);
  };

  it("are called by gateways, with the key that is shown to nobody", async () => {
    const made = await served(owner.do("POST", "/providers", provider("own", { keys: [{ value: KEY, weight: 2 }] })));
    expect(made).toMatchObject({
      id: "own",
      kind: "openai-compatible",
      source: "database",
      not_served: null,
      address: upstream.baseUrl,
      revision: 1,
      keys: [{ id: "key-1", kind: "value", hint: "sk-…7890", weight: 2, priority: 0, reference: null }],
    });
    expect(await call("own/gpt-4o-mini")).toEqual({ status: 200, code: null });
    expect(JSON.stringify(made)).not.toContain(KEY);
    const shown = [await owner.do("GET", "/providers/own"), await owner.do("GET", "/providers/own/keys")];
    const kept = await test.dump();
    for (const text of [JSON.stringify(shown), JSON.stringify(kept), test.log.join()]) expect(text).not.toContain(KEY);
  });

  it("need a kind's keys before they are served, and change keys while they are", async () => {
    const bare = { id: "keyed", kind: "openai", base_url: upstream.baseUrl };
    expect(await served(owner.do("POST", "/providers", bare))).toMatchObject({ not_served: "it has no keys yet" });
    expect(await call("keyed/gpt-4o-mini")).toEqual({ status: 404, code: "model_not_found" });
    const bad = await served(owner.do("POST", "/providers/keyed/keys", { id: "bad", value: OTHER_KEY }));
    expect(bad).toMatchObject({ id: "bad", revision: 1, hint: "sk-…4321" });
    expect((await call("keyed/gpt-4o-mini")).status).toBe(401);
    const path = "/providers/keyed/keys/bad";
    const stale = owner.with({ "if-match": '"9"' });
    expect((await stale.patch(path, { value: KEY })).status).toBe(412);
    const changed = await served(owner.do("PATCH", path, { value: KEY, priority: 3 }));
    expect(changed).toMatchObject({ revision: 2, hint: "sk-…7890", priority: 3, weight: 1 });
    expect((await call("keyed/gpt-4o-mini")).status).toBe(200);
    expect(await owner.do("POST", `${path}/compare`, { value: KEY })).toEqual({ same: true });
    expect(await owner.do("POST", `${path}/compare`, { value: OTHER_KEY })).toEqual({ same: false });
    const terms = { weight: 5, expires_at: "2030-01-31", limits: [{ requests: 1, window: "1h" }] };
    expect(await served(owner.do("PATCH", path, terms))).toMatchObject({ ...terms, priority: 3, hint: "sk-…7890" });
    expect((await call("keyed/gpt-4o-mini")).status).toBe(200);
    expect((await call("keyed/gpt-4o-mini")).code).toBe("upstream_unavailable");
    await served(owner.do("DELETE", path));
    expect(await owner.do("GET", "/providers/keyed")).toMatchObject({ keys: [], not_served: "it has no keys yet" });
    expect((await call("keyed/gpt-4o-mini")).code).toBe("model_not_found");
  });

  it("get public names by model routes, which keep their providers", async () => {
    const route = { name: "team/fast", targets: [{ provider: "own", model: "gpt-4o-mini" }], retries: { attempts: 0 } };
    const made = await served(owner.do("POST", "/models", route));
    expect(made).toMatchObject({ ...route, source: "database", not_served: null, revision: 1 });
    expect(await call("team/fast")).toEqual({ status: 200, code: null });
    const path = `/models/${encodeURIComponent("team/fast")}`;
    expect(await owner.do("GET", path)).toEqual(made);
    expect((await owner.delete("/providers/own")).body).toMatchObject({ code: "in_use" });
    const targets = [{ provider: "filed", model: "echo", price: { input_mtok: 1 } }];
    const changed = await served(owner.do("PATCH", path, { targets, retries: null }));
    expect(changed).toMatchObject({ targets, revision: 2 });
    expect(changed.retries).toBeUndefined();
    expect(await call("team/fast")).toEqual({ status: 200, code: null });
    await served(owner.do("DELETE", path));
    expect((await call("team/fast")).code).toBe("model_not_found");
  });

  it("are routed as by a file: rules, canaries, mirrors, hints, hedging and rescue", async () => {
    const own = { provider: "own", model: "gpt-4o-mini" };
    await served(owner.do("POST", "/models", { name: "plain", targets: [{ provider: "filed", model: "echo" }] }));
    const route = {
      name: "routed",
      aliases: ["routed-*"],
      targets: [
        { ...own, timeouts: { first_token: "2s" }, prefill: true },
        { provider: "filed", model: "echo" },
      ],
      rules: [{ name: "all", when: { model: "routed-else" }, model: "plain" }],
      canary: { percent: 0, header: { name: "x-try", value: "1" }, model: "filed/echo" },
      mirror: { percent: 1, targets: [own] },
      client_hints: ["tags"],
      unsupported_fields: "drop",
      hedging: { after: "p95", max_share: "5%" },
      on_broken_stream: "continue",
    };
    expect(await served(owner.do("POST", "/models", route))).toMatchObject({ ...route, not_served: null });
    const servedBy = async (model: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${both.gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}`, ...headers },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
      });
      const { provider: by, routedBy } = await both.gateway.record(answer.headers.get("x-request-id"));
      return [by, routedBy];
    };
    expect(await servedBy("routed")).toEqual(["own", null]);
    expect(await servedBy("routed-else")).toEqual(["filed", "rule all"]);
    expect(await servedBy("routed", { "x-try": "1" })).toEqual(["filed", "canary"]);
    expect(
      await faults("/models", { ...route, name: "other", aliases: [], rules: [{ when: {}, model: "nowhere" }] }),
    ).toEqual([
      ["rules[0].when", expect.stringContaining("no condition")],
      ["rules[0].model", expect.stringContaining("there is no model")],
    ]);
    const astray = [{ when: { stream: true }, targets: [{ provider: "nobody", model: "m" }] }];
    expect(await faults("/models", { ...route, name: "other", aliases: [], rules: astray })).toEqual([
      ["rules[0].targets[0].provider", "there is no provider nobody"],
    ]);
    for (const name of ["routed", "plain"]) await served(owner.do("DELETE", `/models/${name}`));
  });

  it("pass their own API through where they say so", async () => {
    await served(
      owner.do(
        "POST",
        "/providers",
        provider("through", { keys: [{ value: KEY }], pass_through: [{ path: "/chat" }] }),
      ),
    );
    const answer = await fetch(`${both.gateway.url}/providers/through/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
      body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hi" }] }),
    });
    expect(answer.status).toBe(200);
    await served(owner.do("DELETE", "/providers/through"));
  });

  it("cost what somebody says they cost: the route's word, else the provider's", async () => {
    expect(await costOf("own/gpt-4o-mini")).toBeNull();
    await owner.do("PATCH", "/providers/own", { prices: { "gpt-4o-mini": { input_mtok: 3000 } } });
    const targets = [{ provider: "own", model: "gpt-4o-mini", price: { input_mtok: 7000 } }];
    await served(owner.do("POST", "/models", { name: "dear", targets }));
    expect(await costOf("own/gpt-4o-mini")).toBeCloseTo(0.003, 9);
    expect(await costOf("dear")).toBeCloseTo(0.007, 9);
    await owner.do("DELETE", "/models/dear");
    await served(owner.do("PATCH", "/providers/own", { prices: null }));
  });

  it("say who has a name that is taken", async () => {
    const taken = [
      await owner.post("/providers", provider("filed")),
      await owner.post("/providers", provider("own")),
      await owner.post("/models", { name: "filed-route", targets: [{ provider: "own", model: "m" }] }),
      await owner.post("/models", { name: "own/m", targets: [{ provider: "own", model: "m" }] }),
    ].map(({ body }) => [body.code, body.detail]);
    expect(taken).toEqual([
      ["already_exists", "a provider filed is in the file: choose another id"],
      ["already_exists", expect.stringContaining("a provider own exists already")],
      ["already_exists", "a model route filed-route is in the file: choose another name"],
      ["invalid_request", expect.stringContaining("names that begin with `own/` call the models of the provider own")],
    ]);
  });

  it("list the file's beside their own, page by page, and change nothing there", async () => {
    const first = await owner.do("GET", "/providers?limit=1");
    expect(first.items).toMatchObject([{ id: "filed", kind: "simulated", source: "configuration", revision: null }]);
    const rest = await owner.do("GET", `/providers?cursor=${first.next_cursor}`);
    expect(rest.items.map(({ id }: { id: string }) => id)).toEqual(["keyed", "own"]);
    expect(await owner.do("GET", "/models")).toMatchObject({
      items: [{ name: "filed-route", source: "configuration" }],
    });
    expect((await owner.patch("/providers/filed", { models: [] })).status).toBe(404);
    expect((await owner.delete("/models/filed-route")).status).toBe(404);
  });

  it("refuse what tidegate.yaml would refuse, and say where", async () => {
    expect(await faults("/providers", provider("a", { timeouts: { total: "soon" } }))).toEqual([
      ["timeouts.total", expect.stringContaining("a duration such as 500ms")],
    ]);
    expect(await faults("/providers", { id: "a", kind: "bedrock", keys: [{ value: "x" }] })).toEqual([
      ["provider", expect.stringContaining("settings: { region: … }")],
    ]);
    expect(await faults("/providers/own/keys", { value: "with a space" })).toEqual([
      ["value", expect.stringContaining("a non-empty key without spaces")],
    ]);
    expect(
      await faults("/providers/own/keys", { value: "a", aws: { access_key_id: "b", secret_access_key: "c" } }),
    ).toEqual(expect.arrayContaining([["aws", expect.stringContaining("takes no such credentials")]]));
    expect(await faults("/models", { name: "x", targets: [{ provider: "nobody", model: "m" }] })).toEqual([
      ["targets[0].provider", expect.stringContaining("there is no provider nobody")],
    ]);
    const price = { prices: { m: { input_mtok: -1 } } };
    expect(await faults("/providers", provider("a", price))).toEqual([
      ["prices.m.input_mtok", expect.stringContaining("a number of US dollars")],
    ]);
  });

  it.each([
    ["http://example.org/v1", "expected https://"],
    ["http://10.0.0.7:8000/v1", "expected https://"],
    ["http://169.254.169.254/latest", "is not an address"],
    ["https://[fe80::1]/v1", "is not an address"],
    ["https://[::ffff:169.254.169.254]/v1", "is not an address"],
    ["https://metadata.google.internal/v1", "is not an address"],
  ])("may not be at %s", async (base_url, message) => {
    const expected = [["base_url", expect.stringContaining(message)]];
    expect(await faults("/providers", provider("a", { base_url }))).toEqual(expected);
    expect(await faults("/providers/test", { provider: provider("a", { base_url }) })).toEqual(expected);
  });

  it("take no secrets from the machine, and from Vault only where the operator lets them", async () => {
    for (const reference of [{ env: "TIDEGATE_MASTER_KEY" }, { file: "/etc/passwd" }]) {
      expect(await faults("/providers/own/keys", { value: reference })).toEqual([
        ["value", expect.stringContaining("can be named in the configuration file only")],
      ]);
    }
    expect(await faults("/providers/own/keys", { value: { vault: { path: "secret/x", field: "y" } } })).toEqual([
      ["value", expect.stringContaining("TIDEGATE_VAULT_ORGANISATION_PATH")],
    ]);
    const token_uri = "http://169.254.169.254/token";
    const file = { client_email: "a@b", private_key: "-----BEGIN PRIVATE KEY-----", token_uri };
    const vertex = { id: "v", kind: "vertex-ai", settings: { project: "p" } };
    const keys = [{ service_account: JSON.stringify(file) }];
    expect(await faults("/providers", { ...vertex, keys })).toEqual([
      ["keys[0].service_account", expect.stringContaining("is not an address")],
    ]);
  });

  it("show header values to those alone who may change them, and keep them out of the audit trail", async () => {
    const headers = { "x-org": HEADER };
    await served(owner.do("PATCH", "/providers/own", { headers }));
    expect(await owner.do("GET", "/providers/own")).toMatchObject({ headers, revision: 4 });
    const auditor = await test.person("auditor@example.org", { role: "auditor" });
    expect(await auditor.do("GET", "/providers/own")).toMatchObject({ headers: { "x-org": "[redacted]" } });
    expect((await auditor.patch("/providers/own", { headers: {} })).status).toBe(404);
    await call("own/gpt-4o-mini");
    expect(upstream.last.headers["x-org"]).toBe(HEADER);
    const kept = await test.dump();
    expect(JSON.stringify(kept)).not.toContain(HEADER);
    expect(kept.audit?.filter(({ action }) => action === "provider.update")).toHaveLength(3);
  });

  it("are made once for one idempotency key", async () => {
    const once = owner.with({ "idempotency-key": "make-twice" });
    const body = provider("twice", { keys: [{ value: KEY }] });
    const [first, second] = [await once.post("/providers", body), await once.post("/providers", body)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("etag")).toBe('"1"');
    expect(JSON.stringify((await test.dump()).idempotency)).not.toContain(KEY);
  });

  it("are sealed again under another master key, and served without what none opens", async () => {
    await owner.do("PATCH", "/providers/own", { headers: null });
    const next = new Sealer([Buffer.alloc(32, 7), ...test.keys]);
    const before = await countSealed(test.plane.db);
    expect(before[keyId(test.keys[0] as Buffer)]).toBeGreaterThan(1);
    await test.plane.change(SYSTEM, (change) => sealAgain(change, next));
    expect(await countSealed(test.plane.db)).toEqual({ [keyId(Buffer.alloc(32, 7))]: expect.any(Number) });
    await served(owner.do("DELETE", "/providers/twice"));
    expect((await call("own/gpt-4o-mini")).status).not.toBe(200);
    expect(test.log.join()).toContain("keys of a provider are sealed with another master key");
    const back = new Sealer([...test.keys, Buffer.alloc(32, 7)]);
    await test.plane.change(SYSTEM, (change) => sealAgain(change, back));
    await served(owner.do("PATCH", "/providers/own", { default_max_output_tokens: 100 }));
    expect((await call("own/gpt-4o-mini")).status).toBe(200);
  });
});
