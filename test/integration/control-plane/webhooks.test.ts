import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Actor } from "../../../src/control-plane/access/actor.ts";
import { permissionsOf } from "../../../src/control-plane/access/permissions.ts";
import { createService } from "../../../src/control-plane/entities/services.ts";
import { createTeam } from "../../../src/control-plane/entities/teams.ts";
import {
  createWebhook,
  type DeliveryView,
  listDeliveries,
  redeliver,
  testWebhook,
  updateWebhook,
} from "../../../src/control-plane/entities/webhooks.ts";
import { MAX_ATTEMPTS } from "../../../src/control-plane/webhooks/backoff.ts";
import { CLAIM_MS, WebhookDeliverer } from "../../../src/control-plane/webhooks/deliverer.ts";
import { TestPlane } from "../../helpers/test-plane.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Somebody who may do everything, without an account. */
const ROOT: Actor = {
  kind: "user",
  id: "root",
  name: "root@example.org",
  address: "127.0.0.1",
  userId: null,
  organisation: new Set(permissionsOf("any")),
  teams: new Map(),
};
const PAGE = { limit: 100, cursor: null };
const DAY_MS = 86_400_000;

let test: TestPlane;
let deliverer: WebhookDeliverer;
let receiver: TestUpstream;
/** What the receiver answers. */
let status: number;

beforeEach(async () => {
  status = 204;
  test = await TestPlane.open("sqlite");
  deliverer = new WebhookDeliverer(test.plane);
  test.plane.onChanged(() => deliverer.look());
  receiver = await startUpstream((_request, response) => response.writeHead(status).end());
  for (const id of ["finance", "shop"]) await createTeam(test.plane, ROOT, { id, name: id, description: "" });
});

afterEach(async () => {
  await deliverer.close();
  await receiver.close();
  await test.close();
});

const hook = (team: string | null, events: string[], url = `${receiver.url}/hooks/secret-path`) =>
  createWebhook(test.plane, ROOT, { team, name: "ours", url, events });
const newService = (id: string, team: string) => createService(test.plane, ROOT, { id, team });
const deliveriesOf = async (id: string) => (await listDeliveries(test.plane, ROOT, id, PAGE, { state: null })).items;
const received = (count: number) => waitFor(() => receiver.requests.length >= count, `${count} deliveries`);
/** While an attempt is under way, the next one is set for the case that its process dies. */
const isNoted = (delivery: DeliveryView | undefined, attempt: number) => {
  if (delivery?.attempts !== attempt) return false;
  return delivery.next_attempt_at === null || Date.parse(delivery.next_attempt_at) !== test.plane.nowMs() + CLAIM_MS;
};
const bodyOf = (index: number) => JSON.parse(receiver.requests[index]?.body.toString() ?? "null");

describe("a webhook", () => {
  it("is told what happened, signed as Standard Webhooks say", async () => {
    const { id, secret } = await hook(null, ["service.create"]);
    await newService("billing", "finance");
    await received(1);
    const [request] = receiver.requests;
    expect(bodyOf(0)).toMatchObject({
      type: "service.create",
      data: { actor: { name: "root@example.org" }, subject: { type: "service", id: "billing" }, team: "finance" },
    });
    const headers = request?.headers ?? {};
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${request?.body.toString()}`;
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    await waitFor(async () => (await deliveriesOf(id))[0]?.state === "delivered", "the delivery to be noted");
  });

  it("hears only the events it asked for, of its own team, and of both sides of a subscription", async () => {
    await hook("finance", ["service.create"], `${receiver.url}/finance`);
    await hook("shop", ["*"], `${receiver.url}/shop`);
    await newService("billing", "finance");
    await newService("cart", "shop");
    await newService("prices", "finance");
    await received(3);
    const seen = receiver.requests.map(({ url }, index) => `${url} ${bodyOf(index).data.subject.id}`);
    expect(seen.sort()).toEqual(["/finance billing", "/finance prices", "/shop cart"]);
  });

  it("is tried again until it answers well, with the same id", async () => {
    status = 500;
    const { id } = await hook(null, ["service.create"]);
    await newService("billing", "finance");
    await waitFor(async () => (await deliveriesOf(id))[0]?.attempts === 1, "the first attempt");
    await waitFor(async () => (await deliveriesOf(id))[0]?.last_error === "the answer was 500", "its outcome");
    status = 200;
    deliverer.look();
    test.nowMs += 60_000;
    deliverer.look();
    await received(2);
    const ids = receiver.requests.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(1);
    await waitFor(async () => (await deliveriesOf(id))[0]?.state === "delivered", "the delivery");
  });

  it("is given up after its last attempt, and tried again when asked", async () => {
    status = 503;
    const { id } = await hook(null, ["service.create"]);
    await newService("billing", "finance");
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      await received(attempt);
      await waitFor(async () => isNoted((await deliveriesOf(id))[0], attempt), `the end of attempt ${attempt}`);
      test.nowMs += DAY_MS;
      deliverer.look();
    }
    await waitFor(async () => (await deliveriesOf(id))[0]?.state === "dead", "the end of the delivery");
    status = 200;
    const [dead] = await deliveriesOf(id);
    await redeliver(test.plane, ROOT, id, dead?.id ?? "");
    await waitFor(async () => (await deliveriesOf(id))[0]?.state === "delivered", "the delivery");
    expect(receiver.requests).toHaveLength(MAX_ATTEMPTS + 1);
  });

  it("that can't be reached says why", async () => {
    const { id } = await hook(null, ["service.create"], "http://127.0.0.1:9/");
    await newService("billing", "finance");
    await waitFor(async () => /ECONNREFUSED/.test((await deliveriesOf(id))[0]?.last_error ?? ""), "the reason");
  });

  it("can be tried with a ping, turned off, and shows no secret", async () => {
    const made = await hook("shop", ["*"]);
    await testWebhook(test.plane, ROOT, made.id);
    await received(1);
    expect(bodyOf(0)).toMatchObject({ type: "ping" });
    const shown = await updateWebhook(test.plane, ROOT, made.id, { enabled: false }, null);
    expect(shown.url).toBe(`${receiver.url}/…`);
    await newService("cart", "shop");
    expect(await deliveriesOf(made.id)).toHaveLength(1);
    const rows = await test.plane.db.selectFrom("webhooks").selectAll().execute();
    const audit = await test.plane.db.selectFrom("audit").selectAll().execute();
    expect(JSON.stringify([rows, audit])).not.toContain(made.secret);
    expect(JSON.stringify(audit)).not.toContain("secret-path");
  });
});
