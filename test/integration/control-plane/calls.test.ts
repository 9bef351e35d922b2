import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCallSearch } from "../../../src/bootstrap/control/call-search.ts";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import { CALL_RECORD_FIELDS } from "../../../src/contracts/call-record.ts";
import { createCallLogSink } from "../../../src/platform/call-log/sink.ts";
import { createRequestIds } from "../../../src/platform/request-id.ts";
import { createWorkerPool } from "../../../src/platform/worker-pool.ts";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";
import { record, recordingLogger, SETTINGS } from "../../unit/platform/call-log-fixtures.ts";

/** The call log of the machine, over the admin API: a team sees what its applications call, and who calls its services. */

const TASKS = new URL("../../../dist/bundle/workers/tasks/", import.meta.url);
const SERVERS = { upstream: "10.1.2.3:8080", otherAttempts: '[{"target":"10.1.2.4:8080"}]' };
const BEGIN_MS = Date.UTC(2026, 10, 1);

let test: TestPlane;
let owner: AdminClient;
let calls: CallRecord[];

beforeAll(async () => {
  await ensureBuilt();
  test = await TestPlane.open("sqlite", {
    searchCalls: (query) => search(query),
    configured: () => ({ source: "the file", providers: [], models: [], services: [{ id: "payroll" }] }),
  });
  const search = createCallSearch(test.home, TASKS);
  owner = test.owner;
  await test.team("finance", "shop", "other");
  await owner.do("POST", "/services", { id: "billing", team: "finance", draft: draftAt("/billing") });
  const nextId = createRequestIds();
  calls = Array.from({ length: 60 }, (_, index) => {
    const startedAtMs = BEGIN_MS + index * 1_000;
    const kinds: Partial<CallRecord>[] = [
      { application: "web", team: "shop", service: "billing", status: 200, provider: null, ...SERVERS },
      { application: "web", team: "shop", service: "ai", status: 429, errorCode: "rate_limited", outcome: "error" },
      { application: "ledger", team: "finance", service: "ai", modelAsked: "fast", costUsd: 0.5 },
      { application: "ledger", team: "finance", service: "payroll" },
      { application: null, team: null, service: null, status: 404, errorCode: "route_not_found" },
    ];
    const bodies = { requestBody: `{"question":${index}}`, responseBody: `{"answer":${index}}` };
    const call = record(index, { id: nextId(startedAtMs), startedAtMs, ...bodies, ...kinds[index % kinds.length] });
    // A copy that a model's mirror has made.
    return index === 2 ? { ...call, id: `${call.id}-mirror`, mirrorOf: call.id } : call;
  });
  const pool = createWorkerPool({ maxThreads: 1, tasksDirectory: TASKS });
  // As two workers write them.
  const sinks = [1, 2].map((worker) =>
    createCallLogSink({ directory: test.home, worker, settings: SETTINGS, pool, logger: recordingLogger() }),
  );
  for (const [index, call] of calls.entries()) {
    sinks[index % 2]?.append(CALL_RECORD_FIELDS.map((field) => call[field]));
  }
  await Promise.all(sinks.map((sink) => sink.flush()));
  await Promise.all(sinks.map((sink) => sink.close()));
  await pool.close();
});
afterAll(() => test.close());

const list = async (client: AdminClient, query = "") => {
  const { status, body } = await client.get(`/calls${query}`);
  expect([query, status]).toEqual([query, 200]);
  return body as { items: { id: string; upstream: unknown; other_attempts: unknown }[]; next_cursor: string };
};
const idsOf = (wanted: (call: CallRecord) => boolean) =>
  calls
    .filter(wanted)
    .map(({ id }) => id)
    .reverse();
const listedIds = async (client: AdminClient, query: string) => (await list(client, query)).items.map(({ id }) => id);

describe("calls", () => {
  it("are listed newest first, page by page, each once", async () => {
    const seen: string[] = [];
    let cursor = "";
    do {
      const page = await list(owner, `?limit=7${cursor}`);
      expect(page.items.length).toBeLessThanOrEqual(7);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor === null ? "" : `&cursor=${page.next_cursor}`;
    } while (cursor !== "");
    expect(seen).toEqual(idsOf(() => true));
  });

  it("are found by what they were", async () => {
    expect(await listedIds(owner, "?application=web&limit=100")).toEqual(
      idsOf(({ application }) => application === "web"),
    );
    expect(await listedIds(owner, "?team=finance")).toEqual(idsOf(({ team }) => team === "finance"));
    expect(await listedIds(owner, "?service=billing")).toEqual(idsOf(({ service }) => service === "billing"));
    expect(await listedIds(owner, "?model=fast")).toEqual(idsOf(({ modelAsked }) => modelAsked === "fast"));
    expect(await listedIds(owner, "?status=4xx&limit=100")).toEqual(idsOf(({ status }) => status >= 400));
    expect(await listedIds(owner, "?status=404-428")).toEqual(idsOf(({ status }) => status === 404));
    expect(await listedIds(owner, "?error=rate_limited")).toEqual(
      idsOf(({ errorCode }) => errorCode === "rate_limited"),
    );
    const at = (second: number) => encodeURIComponent(new Date(BEGIN_MS + second * 1_000).toISOString());
    expect(await listedIds(owner, `?from=${at(10)}&to=${at(13)}`)).toEqual(
      idsOf(({ startedAtMs: ms }) => ms >= BEGIN_MS + 10_000 && ms < BEGIN_MS + 13_000),
    );
  });

  it("are seen by the team of the application and by that of the service", async () => {
    const ofShop = await test.person("shop@example.org", { teams: { shop: "viewer" } });
    const ofFinance = await test.person("finance@example.org", { teams: { finance: "viewer" } });
    const ofOther = await test.person("other@example.org", { teams: { other: "owner" } });
    expect(await listedIds(ofShop, "?limit=100")).toEqual(idsOf(({ team }) => team === "shop"));
    expect(await listedIds(ofFinance, "?limit=100")).toEqual(
      idsOf(({ team, service }) => team === "finance" || service === "billing"),
    );
    expect(await listedIds(ofOther, "")).toEqual([]);
    expect(await listedIds(ofShop, "?team=finance")).toEqual([]);
    const [ofBilling] = idsOf(({ service }) => service === "billing");
    const statuses = await Promise.all(
      [ofShop, ofFinance, ofOther].map(async (client) => (await client.get(`/calls/${ofBilling}`)).status),
    );
    expect(statuses).toEqual([200, 200, 404]);
  });

  it("to a service of the configuration are not seen by who makes one of the same id", async () => {
    const snoop = await test.person("snoop@example.org", { teams: { other: "owner" } });
    await snoop.do("POST", "/services", { id: "payroll", team: "other", draft: draftAt("/payroll") });
    expect(await listedIds(snoop, "?service=payroll")).toEqual([]);
    const [ofPayroll] = idsOf(({ service }) => service === "payroll");
    expect((await snoop.get(`/calls/${ofPayroll}`)).status).toBe(404);
    // Nor the bodies by who sees the call as its own.
    const both = await test.person("both@example.org", { teams: { other: "owner", finance: "viewer" } });
    expect((await both.get(`/calls/${ofPayroll}`)).body).toMatchObject({ service: "payroll", request_body: null });
  });

  it("show their bodies to those who may see them alone", async () => {
    await owner.do("PUT", "/roles/support", {
      name: "Support",
      scope: "team",
      permissions: ["call.read", "call.read_body"],
    });
    const viewer = await test.person("viewer@example.org", { teams: { shop: "viewer" } });
    const support = await test.person("support@example.org", { teams: { shop: "support" } });
    const publisher = await test.person("publisher@example.org", { teams: { finance: "owner" } });
    const call = calls.find(({ service }) => service === "billing") as CallRecord;
    const seen = async (client: AdminClient) => {
      const { body } = await client.get(`/calls/${call.id}`);
      return [body.id, body.service, body.request_body, body.response_body];
    };
    const withBodies = [call.id, "billing", call.requestBody, call.responseBody];
    expect(await seen(owner)).toEqual(withBodies);
    expect(await seen(support)).toEqual(withBodies);
    expect(await seen(publisher)).toEqual(withBodies);
    expect(await seen(viewer)).toEqual([call.id, "billing", null, null]);
    const auditor = await test.person("auditor@example.org", { role: "auditor" });
    expect(await seen(auditor)).toEqual([call.id, "billing", null, null]);
    expect(JSON.stringify((await list(owner)).items)).not.toContain("question");
  });

  it("are not looked for by more than a few at a time, who would wait for minutes", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => owner.get("/calls?limit=1")));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(8);
    expect(refused[0]).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect((await owner.get("/calls?limit=1")).status).toBe(200);
  });

  it("do not show callers where the servers of another team's service are", async () => {
    const caller = await test.person("caller@example.org", { teams: { shop: "owner" } });
    const ofService = await test.person("server@example.org", { teams: { finance: "viewer" } });
    const id = idsOf(({ service }) => service === "billing")[0];
    const shown = async (client: AdminClient) => {
      const listed = (await list(client, "?service=billing&limit=1")).items[0];
      const { body } = await client.get(`/calls/${id}`);
      return [listed, body].map(({ upstream, other_attempts }) => [upstream, other_attempts]);
    };
    const servers = [SERVERS.upstream, JSON.parse(SERVERS.otherAttempts)];
    expect(await shown(ofService)).toEqual([servers, servers]);
    expect(await shown(owner)).toEqual([servers, servers]);
    expect(await shown(caller)).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  it("are got by the ids that they are listed with, copies that mirrors have made as well", async () => {
    const copy = calls.find(({ mirrorOf }) => mirrorOf !== null);
    expect((await owner.get(`/calls/${copy?.id}`)).body).toMatchObject({ id: copy?.id, mirror_of: copy?.mirrorOf });
  });

  it("are refused by names and cursors that make no sense, and not found by others", async () => {
    for (const query of ["?status=9xx", "?status=abc", "?from=yesterday", "?cursor=eA", "?limit=0", "?error=%20"]) {
      expect([query, (await owner.get(`/calls${query}`)).status]).toEqual([query, 400]);
    }
    for (const id of ["nothing", "01m8n8a64e78hpn6fch5000003"]) {
      expect((await owner.get(`/calls/${id}`)).status).toBe(404);
    }
  });
});
