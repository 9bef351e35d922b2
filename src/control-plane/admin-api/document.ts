import { OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import { VERSION } from "../../platform/version.ts";
import { PERMISSIONS } from "../access/permissions.ts";
import { API_PREFIX } from "./api-prefix.ts";
import type { Endpoint } from "./endpoint.ts";
import { PROBLEM_CONTENT } from "./problem-content.ts";
import { currentSession } from "./schemas.ts";
import { signInAnswer, signInInput } from "./session-routes.ts";
import { SIGN_IN_PATHS } from "./sign-in-paths.ts";

/** The OpenAPI 3.1 document of the admin API, from the schemas it validates with. */
export function openapiDocument(endpoints: readonly Endpoint[]): object {
  const app = new OpenAPIHono();
  const { openAPIRegistry: registry } = app;
  registry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "A personal token (`tgp_…`) or a machine's (`tgm_…`).",
  });
  registry.registerComponent("securitySchemes", "session", { type: "apiKey", in: "cookie", name: "tidegate_session" });
  registry.registerPath(signInPath());
  registry.registerPath({
    method: "delete",
    path: `${API_PREFIX}/session`,
    operationId: "signOut",
    summary: "End the session",
    tags: ["Session"],
    responses: { 204: { description: "Ended" } },
  });
  registry.registerPath({
    method: "get",
    path: `${API_PREFIX}/session`,
    operationId: "getSession",
    summary: "Who one is, and what one may do",
    tags: ["Session"],
    responses: {
      200: { description: "OK", content: { "application/json": { schema: currentSession } } },
      401: { description: "Nobody that is known", content: PROBLEM_CONTENT },
    },
  });
  for (const path of SIGN_IN_PATHS) registry.registerPath(path);
  for (const { spec } of endpoints) registry.registerPath(pathOf(spec));
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Tidegate admin API",
      version: VERSION,
      description:
        "Teams, services, applications, subscriptions and what happened to them. Errors are `application/problem+json`. What one may not see answers 404, as what is not there.",
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, { session: [] }],
  });
}

function signInPath(): RouteConfig {
  return {
    method: "post",
    path: `${API_PREFIX}/session`,
    operationId: "signIn",
    summary: "Sign in",
    tags: ["Session"],
    security: [],
    request: { body: { required: true, content: { "application/json": { schema: signInInput } } } },
    responses: {
      201: {
        description: "Signed in: the session is in the cookie",
        content: { "application/json": { schema: signInAnswer } },
      },
      ...problemAnswers(false),
    },
  };
}

function pathOf(spec: Endpoint["spec"]): RouteConfig {
  const { method, path, operationId, summary, tag, needs, params, query, body, answers } = spec;
  const status = spec.status ?? (answers === undefined ? 204 : 200);
  const headers = z.object({
    ...(method === "post"
      ? { "idempotency-key": z.string().optional().openapi({ description: "Done once, however often it is sent." }) }
      : {}),
    ...(method === "patch" || method === "delete"
      ? { "if-match": z.string().optional().openapi({ description: "The `ETag` of what one thinks it is." }) }
      : {}),
  });
  return {
    method,
    path: API_PREFIX + path,
    operationId,
    summary,
    description:
      needs === "member" ? "For everybody who is known." : `Needs \`${needs}\`: to ${PERMISSIONS[needs].what}.`,
    tags: [tag],
    request: {
      ...(params === undefined ? {} : { params: z.object(params) }),
      ...(query === undefined ? {} : { query: z.object(query) }),
      ...(Object.keys(headers.shape).length === 0 ? {} : { headers }),
      ...(body === undefined ? {} : { body: { required: true, content: { "application/json": { schema: body } } } }),
    },
    responses: {
      [status]:
        answers === undefined
          ? { description: "Done" }
          : { description: "OK", content: { [spec.mediaType ?? "application/json"]: { schema: answers } } },
      ...problemAnswers(true),
    },
  };
}

function problemAnswers(known: boolean): RouteConfig["responses"] {
  const content = PROBLEM_CONTENT;
  return {
    400: { description: "Something in the request is wrong", content },
    401: { description: "Nobody that is known", content },
    ...(known ? { 404: { description: "Not there, or not for you to see", content } } : {}),
    403: { description: "From a page of another origin", content },
    409: { description: "Not in this state", content },
    412: { description: "Changed since: `If-Match` does not fit", content },
    413: { description: "Too large", content },
    415: { description: "Not JSON", content },
    429: { description: "Too often", content },
    503: { description: "The database can't be reached or written", content },
  };
}
