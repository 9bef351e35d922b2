import { z } from "@hono/zod-openapi";
import { purgeCache } from "../../entities/cache-purges.ts";
import { getCatalogueEntry, getOpenapi, listCatalogue } from "../../entities/catalogue.ts";
import {
  deprecate,
  getRelease,
  listCallers,
  listReleases,
  publish,
  retire,
  rollBack,
  setCanary,
} from "../../entities/lifecycle.ts";
import {
  createService,
  deleteService,
  getDraftOpenapi,
  getService,
  listServices,
  setShares,
  updateService,
} from "../../entities/services.ts";
import { type Answer, type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";
import {
  caller,
  canary,
  catalogueDetails,
  catalogueEntry,
  id,
  longText,
  release,
  releaseNumber,
  releaseParameter,
  releaseWithConfiguration,
  service,
  serviceInput,
  serviceKind,
  serviceState,
  serviceWithDraft,
  shortText,
  timeInput,
  webLink,
} from "../schemas.ts";

const params = { service: id };
const releaseParams = { service: id, release: releaseParameter };

const services: Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/services",
      operationId: "listServices",
      summary: "Services of one's teams",
      tag: "Services",
      needs: "member",
      query: { ...pageQuery, team: id.optional(), state: serviceState.optional(), kind: serviceKind.optional() },
      answers: pageOf(service),
    },
    async ({ plane, actor, query }) => {
      const filter = { team: query.team ?? null, state: query.state ?? null, kind: query.kind ?? null };
      return { body: await listServices(plane, actor, pageRequest(query), filter) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/services",
      operationId: "createService",
      summary: "Make a service",
      tag: "Services",
      needs: "service.write",
      body: serviceInput.extend({ id, team: id }),
      answers: serviceWithDraft,
      status: 201,
    },
    async ({ plane, actor, body }) => ({ body: await createService(plane, actor, body) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/services/{service}",
      operationId: "getService",
      summary: "A service with its draft",
      tag: "Services",
      needs: "service.read",
      params,
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one } }) => ({ body: await getService(plane, actor, one) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/services/{service}/openapi",
      operationId: "getDraftOpenapi",
      summary: "The OpenAPI document of the draft",
      tag: "Services",
      needs: "service.read",
      params,
      answers: z.string(),
    },
    async ({ plane, actor, params: { service: one } }) => openapiAnswer(await getDraftOpenapi(plane, actor, one)),
  ),
  endpoint(
    {
      method: "patch",
      path: "/services/{service}",
      operationId: "updateService",
      summary: "Change a service or its draft",
      tag: "Services",
      needs: "service.write",
      params,
      body: serviceInput,
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one }, body, revision }) => {
      return { body: await updateService(plane, actor, one, body, revision) };
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/services/{service}",
      operationId: "deleteService",
      summary: "Remove a service that was never published",
      tag: "Services",
      needs: "service.write",
      params,
    },
    async ({ plane, actor, params: { service: one }, revision }) => {
      await deleteService(plane, actor, one, revision);
      return undefined;
    },
  ),
  endpoint(
    {
      method: "put",
      path: "/services/{service}/shares",
      operationId: "setShares",
      summary: "Teams a service is shared with",
      tag: "Services",
      needs: "service.share",
      params,
      body: z.strictObject({ teams: z.array(id).max(1_000) }),
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one }, body, revision }) => {
      return { body: await setShares(plane, actor, one, body.teams, revision) };
    },
  ),
];

const lifecycle: Endpoint[] = [
  endpoint(
    {
      method: "post",
      path: "/services/{service}/publish",
      operationId: "publishService",
      summary: "Make a release of the draft, and serve it",
      tag: "Lifecycle",
      needs: "service.publish",
      params,
      body: z.strictObject({ note: longText.default("") }),
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one }, body, revision }) => {
      return { body: await publish(plane, actor, one, body.note, revision) };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/services/{service}/releases",
      operationId: "listReleases",
      summary: "Releases, newest first",
      tag: "Lifecycle",
      needs: "service.read",
      params,
      answers: z.object({ items: z.array(release) }),
    },
    async ({ plane, actor, params: { service: one } }) => ({ body: { items: await listReleases(plane, actor, one) } }),
  ),
  endpoint(
    {
      method: "get",
      path: "/services/{service}/releases/{release}",
      operationId: "getRelease",
      summary: "A release",
      tag: "Lifecycle",
      needs: "service.read",
      params: releaseParams,
      answers: releaseWithConfiguration,
    },
    async ({ plane, actor, params: { service: one, release: number } }) => {
      return { body: await getRelease(plane, actor, one, number) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/services/{service}/rollback",
      operationId: "rollBackService",
      summary: "Serve a release that was made before",
      tag: "Lifecycle",
      needs: "service.publish",
      params,
      body: z.strictObject({ release: releaseNumber }),
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one }, body, revision }) => {
      return { body: await rollBack(plane, actor, one, body.release, revision) };
    },
  ),
  endpoint(
    {
      method: "put",
      path: "/services/{service}/canary",
      operationId: "setCanary",
      summary: "Send a share of the calls to another release",
      tag: "Lifecycle",
      needs: "service.publish",
      params,
      body: z.strictObject({
        ...canary.shape,
        header: canary.shape.header.default(null),
        sticky: z.boolean().default(true),
      }),
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one }, body, revision }) => {
      return { body: await setCanary(plane, actor, one, body, revision) };
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/services/{service}/canary",
      operationId: "removeCanary",
      summary: "Send all calls to the current release",
      tag: "Lifecycle",
      needs: "service.publish",
      params,
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one }, revision }) => {
      return { body: await setCanary(plane, actor, one, null, revision) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/services/{service}/deprecate",
      operationId: "deprecateService",
      summary: "Say that a service will end",
      tag: "Lifecycle",
      needs: "service.publish",
      params,
      body: z.strictObject({ sunset_at: timeInput.nullable().default(null), link: webLink.nullable().default(null) }),
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one }, body, revision }) => {
      return { body: await deprecate(plane, actor, one, { sunsetAtMs: body.sunset_at, link: body.link }, revision) };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/services/{service}/callers",
      operationId: "listCallers",
      summary: "Who may still call",
      tag: "Lifecycle",
      needs: "subscription.read",
      params,
      answers: z.object({ items: z.array(caller) }),
    },
    async ({ plane, actor, params: { service: one } }) => ({ body: { items: await listCallers(plane, actor, one) } }),
  ),
  endpoint(
    {
      method: "post",
      path: "/services/{service}/retire",
      operationId: "retireService",
      summary: "Serve it no longer",
      tag: "Lifecycle",
      needs: "service.publish",
      params,
      body: z.strictObject({ force: z.boolean().default(false) }),
      answers: serviceWithDraft,
    },
    async ({ plane, actor, params: { service: one }, body, revision }) => {
      return { body: await retire(plane, actor, one, body.force, revision) };
    },
  ),
];

const cache: Endpoint[] = [
  endpoint(
    {
      method: "delete",
      path: "/services/{service}/cache",
      operationId: "purgeCache",
      summary: "Drop all stored answers of a service, or of `ai`",
      tag: "Services",
      needs: "service.publish",
      params,
    },
    async ({ plane, actor, params: { service: one } }) => {
      await purgeCache(plane, actor, one);
      return undefined;
    },
  ),
];

const catalogue: Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/catalogue",
      operationId: "listCatalogue",
      summary: "Services one may subscribe to",
      tag: "Catalogue",
      needs: "member",
      query: {
        ...pageQuery,
        search: shortText.optional(),
        category: shortText.optional(),
        tag: shortText.optional(),
        kind: serviceKind.optional(),
      },
      answers: pageOf(catalogueEntry),
    },
    async ({ plane, actor, query }) => {
      const { search = null, category = null, tag = null, kind = null } = query;
      const filter = { search, category, tag, kind };
      return { body: await listCatalogue(plane, actor, pageRequest(query), filter) };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/catalogue/{service}",
      operationId: "getCatalogueEntry",
      summary: "A service as its callers see it",
      tag: "Catalogue",
      needs: "member",
      params,
      answers: catalogueDetails,
    },
    async ({ plane, actor, params: { service: one } }) => ({ body: await getCatalogueEntry(plane, actor, one) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/catalogue/{service}/openapi",
      operationId: "getOpenapi",
      summary: "Its OpenAPI document",
      tag: "Catalogue",
      needs: "member",
      params,
      answers: z.string(),
      mediaType: "application/yaml",
    },
    async ({ plane, actor, params: { service: one } }) => openapiAnswer(await getOpenapi(plane, actor, one)),
  ),
];

function openapiAnswer(text: string): Answer {
  const type = /^\s*[{[]/.test(text) ? "application/json" : "application/yaml";
  return { body: text, headers: { "content-type": `${type}; charset=utf-8` } };
}

export const serviceEndpoints: readonly Endpoint[] = [...services, ...lifecycle, ...cache, ...catalogue];
