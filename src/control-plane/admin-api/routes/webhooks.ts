import { z } from "@hono/zod-openapi";
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listDeliveries,
  listWebhooks,
  redeliver,
  testWebhook,
  updateWebhook,
} from "../../entities/webhooks.ts";
import { WEBHOOK_EVENTS } from "../../webhooks/events.ts";
import { type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";
import { id, name, revision, time } from "../schemas.ts";

const tag = "Webhooks";
const needs = "webhook.manage";
const params = { webhook: z.string() };
const MAX_URL = 2_000;

const url = z
  .url({ protocol: /^https?$/, abort: true })
  .max(MAX_URL)
  .refine((text) => new URL(text).username === "" && new URL(text).password === "", "no user and password in the URL");
const events = z
  .array(z.enum(["*", ...WEBHOOK_EVENTS]))
  .min(1)
  .openapi({ description: "`*`: all of them." });

const fields = {
  id: z.string(),
  team: z.string().nullable(),
  name: z.string(),
  url: z.string().openapi({ description: "Its origin; paths and queries may be secrets." }),
  events: z.array(z.string()),
  enabled: z.boolean(),
  created_by: z.string(),
  created_at: time,
  revision,
};
const webhook = z.object(fields).openapi("Webhook");
const createdWebhook = z
  .object({ ...fields, secret: z.string().openapi({ description: "Deliveries are signed with it. Shown this once." }) })
  .openapi("CreatedWebhook");
const state = z.enum(["pending", "delivered", "dead"]);
const delivery = z
  .object({
    id: z.string(),
    event: z.string(),
    state,
    attempts: z.int(),
    next_attempt_at: time.nullable(),
    last_status: z.int().nullable(),
    last_error: z.string().nullable(),
    created_at: time,
    finished_at: time.nullable(),
    payload: z.unknown(),
  })
  .openapi("WebhookDelivery");

export const webhookEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/webhooks",
      operationId: "listWebhooks",
      summary: "Webhooks one manages",
      tag,
      needs: "member",
      query: pageQuery,
      answers: pageOf(webhook),
    },
    async ({ plane, actor, query }) => ({ body: await listWebhooks(plane, actor, pageRequest(query)) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/webhooks",
      operationId: "createWebhook",
      summary: "Tell a URL what happens; `team` null: in the whole organisation",
      tag,
      needs,
      body: z.strictObject({ team: id.nullable(), name, url, events }),
      answers: createdWebhook,
      status: 201,
    },
    async ({ plane, actor, body }) => ({ body: await createWebhook(plane, actor, body) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/webhooks/{webhook}",
      operationId: "getWebhook",
      summary: "A webhook",
      tag,
      needs,
      params,
      answers: webhook,
    },
    async ({ plane, actor, params: { webhook: one } }) => ({ body: await getWebhook(plane, actor, one) }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/webhooks/{webhook}",
      operationId: "updateWebhook",
      summary: "Change a webhook, or turn it off",
      tag,
      needs,
      params,
      body: z.strictObject({
        name: name.optional(),
        url: url.optional(),
        events: events.optional(),
        enabled: z.boolean().optional(),
      }),
      answers: webhook,
    },
    async ({ plane, actor, params: { webhook: one }, body, revision: expected }) => {
      return { body: await updateWebhook(plane, actor, one, body, expected) };
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/webhooks/{webhook}",
      operationId: "deleteWebhook",
      summary: "Remove a webhook with its deliveries",
      tag,
      needs,
      params,
    },
    async ({ plane, actor, params: { webhook: one }, revision: expected }) => {
      await deleteWebhook(plane, actor, one, expected);
      return undefined;
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/webhooks/{webhook}/test",
      operationId: "testWebhook",
      summary: "Send a `ping`",
      tag,
      needs,
      params,
      body: z.strictObject({}),
      answers: z.object({ delivery: z.string() }),
      status: 201,
    },
    async ({ plane, actor, params: { webhook: one } }) => ({ body: await testWebhook(plane, actor, one) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/webhooks/{webhook}/deliveries",
      operationId: "listDeliveries",
      summary: "Deliveries, newest first; `state=dead`: those that were given up",
      tag,
      needs,
      params,
      query: { ...pageQuery, state: state.optional() },
      answers: pageOf(delivery),
    },
    async ({ plane, actor, params: { webhook: one }, query }) => {
      const filter = { state: query.state ?? null };
      return { body: await listDeliveries(plane, actor, one, pageRequest(query), filter) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/webhooks/{webhook}/deliveries/{delivery}/redeliver",
      operationId: "redeliver",
      summary: "Try a delivery again",
      tag,
      needs,
      params: { ...params, delivery: z.string() },
      body: z.strictObject({}),
      answers: delivery,
    },
    async ({ plane, actor, params: { webhook: one, delivery: two } }) => ({
      body: await redeliver(plane, actor, one, two),
    }),
  ),
];
