import { z } from "@hono/zod-openapi";
import {
  createApplication,
  deleteApplication,
  getApplication,
  listApplications,
  updateApplication,
} from "../../entities/applications.ts";
import {
  changeTerms,
  decide,
  getSubscription,
  listSubscriptions,
  requestSubscription,
} from "../../entities/subscriptions.ts";
import { type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";
import { application, id, limits, longText, name, policies, subscription, timeInput } from "../schemas.ts";

const params = { application: id };
const fields = {
  name: name.optional(),
  description: longText.optional(),
  limits: limits.optional(),
  policies: policies.optional(),
};

const applications: Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/applications",
      operationId: "listApplications",
      summary: "Applications of one's teams",
      tag: "Applications",
      needs: "member",
      query: { ...pageQuery, team: id.optional() },
      answers: pageOf(application),
    },
    async ({ plane, actor, query }) => {
      return { body: await listApplications(plane, actor, pageRequest(query), { team: query.team ?? null }) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/applications",
      operationId: "createApplication",
      summary: "Make an application",
      tag: "Applications",
      needs: "application.write",
      body: z.strictObject({ id, team: id, ...fields }),
      answers: application,
      status: 201,
    },
    async ({ plane, actor, body }) => ({ body: await createApplication(plane, actor, body) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/applications/{application}",
      operationId: "getApplication",
      summary: "An application",
      tag: "Applications",
      needs: "application.read",
      params,
      answers: application,
    },
    async ({ plane, actor, params: { application: one } }) => ({ body: await getApplication(plane, actor, one) }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/applications/{application}",
      operationId: "updateApplication",
      summary: "Change an application",
      tag: "Applications",
      needs: "application.write",
      params,
      body: z.strictObject(fields),
      answers: application,
    },
    async ({ plane, actor, params: { application: one }, body, revision }) => {
      return { body: await updateApplication(plane, actor, one, body, revision) };
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/applications/{application}",
      operationId: "deleteApplication",
      summary: "Remove an application with its credentials and subscriptions",
      tag: "Applications",
      needs: "application.write",
      params,
    },
    async ({ plane, actor, params: { application: one }, revision }) => {
      await deleteApplication(plane, actor, one, revision);
      return undefined;
    },
  ),
];

const subscriptionParams = { subscription: z.string() };
const note = longText.default("");

const subscriptions: Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/subscriptions",
      operationId: "listSubscriptions",
      summary: "Subscriptions, from both sides",
      tag: "Subscriptions",
      needs: "member",
      query: {
        ...pageQuery,
        service: id.optional(),
        application: id.optional(),
        state: z.enum(["pending", "approved", "rejected", "revoked", "cancelled"]).optional(),
      },
      answers: pageOf(subscription),
    },
    async ({ plane, actor, query }) => {
      const { service = null, application: one = null, state = null } = query;
      return { body: await listSubscriptions(plane, actor, pageRequest(query), { service, application: one, state }) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/subscriptions",
      operationId: "requestSubscription",
      summary: "Ask for access to a service",
      tag: "Subscriptions",
      needs: "subscription.request",
      body: z.strictObject({ application: id, service: id, reason: note }),
      answers: subscription,
      status: 201,
    },
    async ({ plane, actor, body }) => ({ body: await requestSubscription(plane, actor, body) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/subscriptions/{subscription}",
      operationId: "getSubscription",
      summary: "A subscription",
      tag: "Subscriptions",
      needs: "subscription.read",
      params: subscriptionParams,
      answers: subscription,
    },
    async ({ plane, actor, params: { subscription: one } }) => ({ body: await getSubscription(plane, actor, one) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/subscriptions/{subscription}/approve",
      operationId: "approveSubscription",
      summary: "Approve a subscription: for ever or until a time, with limits and policies of its own",
      tag: "Subscriptions",
      needs: "subscription.approve",
      params: subscriptionParams,
      body: z.strictObject({
        note,
        expires_at: timeInput.nullable().default(null),
        limits: limits.default([]),
        policies: policies.default({}),
      }),
      answers: subscription,
    },
    async ({ plane, actor, params: { subscription: one }, body, revision }) => {
      const { note: reason, expires_at: expiresAtMs, limits: own, policies: ownPolicies } = body;
      const decision = { note: reason, expiresAtMs, limits: own, policies: ownPolicies };
      return { body: await decide(plane, actor, one, "approve", decision, revision) };
    },
  ),
  endpoint(
    {
      method: "patch",
      path: "/subscriptions/{subscription}",
      operationId: "updateSubscription",
      summary: "Extend or shorten an approved subscription, or change its limits and policies; what is absent stays",
      tag: "Subscriptions",
      needs: "subscription.approve",
      params: subscriptionParams,
      body: z.strictObject({
        note: longText.optional(),
        expires_at: timeInput.nullable().optional(),
        limits: limits.optional(),
        policies: policies.optional(),
      }),
      answers: subscription,
    },
    async ({ plane, actor, params: { subscription: one }, body, revision }) => {
      const { expires_at: expiresAtMs, ...others } = body;
      return { body: await changeTerms(plane, actor, one, { ...others, expiresAtMs }, revision) };
    },
  ),
  ...(["reject", "revoke", "cancel"] as const).map((verb) =>
    endpoint(
      {
        method: "post",
        path: `/subscriptions/{subscription}/${verb}`,
        operationId: `${verb}Subscription`,
        summary: { reject: "Reject a request", revoke: "Take access away", cancel: "Give access back" }[verb],
        tag: "Subscriptions",
        needs: verb === "cancel" ? "subscription.request" : "subscription.approve",
        params: subscriptionParams,
        body: z.strictObject({ note }),
        answers: subscription,
      },
      async ({ plane, actor, params: { subscription: one }, body, revision }) => {
        return {
          body: await decide(plane, actor, one, verb, { ...NOTHING_GRANTED, note: body.note }, revision),
        };
      },
    ),
  ),
];

const NOTHING_GRANTED = { expiresAtMs: null, limits: [], policies: {} };

export const applicationEndpoints: readonly Endpoint[] = [...applications, ...subscriptions];
