import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie } from "hono/cookie";
import { z } from "zod";
import type { Actor } from "../access/actor.ts";
import { recognise } from "../access/recognise.ts";
import { SESSION_COOKIE } from "../access/sessions.ts";
import { getUser } from "../entities/users.ts";
import type { Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import { API_PREFIX } from "./api-prefix.ts";
import { openapiDocument } from "./document.ts";
import type { Answer, Endpoint } from "./endpoint.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { Idempotency } from "./idempotency.ts";
import { parseInput } from "./input.ts";
import { requireOwnOrigin } from "./own-origin.ts";
import { asProblem, problemResponse } from "./problems.ts";
import { handleSignIn, handleSignOut, jsonOf } from "./session-routes.ts";
import { serveSignIn } from "./sign-in-routes.ts";
import { requireStorable } from "./storable.ts";
import { serveSwaggerUi } from "./swagger-ui.ts";

/** What the server tells of a request beside the request itself. */
export interface AdminBindings {
  /** Of whoever is connected. */
  remoteAddress: string;
}

type AdminContext = Context<{ Bindings: AdminBindings }>;

const MAX_BODY_BYTES = 4 * 1024 * 1024;

let document: string | null = null;

/** Made when somebody asks for it: that takes longer than all else an application needs. */
function documentText(): string {
  document ??= JSON.stringify(openapiDocument(ENDPOINTS));
  return document;
}

/** The admin API. Speaks problem+json whatever happens. */
export function createAdminApp(plane: Plane): Hono<{ Bindings: AdminBindings }> {
  const app = new Hono<{ Bindings: AdminBindings }>();
  const idempotency = new Idempotency(plane);

  app.onError((cause) => {
    const error = asProblem(cause);
    if (error.code === "internal_error" || error.code === "unavailable") {
      plane.logger.error({ err: error.cause ?? error }, "an admin request failed");
    }
    return problemResponse(error);
  });
  app.notFound(async (context) => {
    // The same 401 for nobody, whether there is something here or not.
    await requireActor(plane, context);
    return problemResponse(notFound());
  });
  app.use("*", async (context, next) => {
    await next();
    // Documents that people store here are no pages, whatever they look like.
    context.res.headers.set("x-content-type-options", "nosniff");
  });
  app.use(
    "*",
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () =>
        problemResponse(new ProblemError("body_too_large", `a request has at most ${MAX_BODY_BYTES} bytes`)),
    }),
  );

  app.get("/api/openapi.json", (context) => context.body(documentText(), 200, { "content-type": "application/json" }));
  serveSwaggerUi(app);

  app.post(`${API_PREFIX}/session`, (context) => {
    requireOwnOrigin(context);
    return handleSignIn(context, plane, context.env.remoteAddress);
  });
  app.delete(`${API_PREFIX}/session`, (context) => {
    requireOwnOrigin(context);
    return handleSignOut(context, plane, context.env.remoteAddress);
  });
  app.get(`${API_PREFIX}/session`, async (context) => {
    const actor = await requireActor(plane, context);
    return context.json({
      user: actor.userId === null ? null : await getUser(plane, actor, actor.userId),
      kind: actor.kind,
      name: actor.name,
      permissions: {
        organisation: [...actor.organisation],
        teams: Object.fromEntries([...actor.teams].map(([team, permissions]) => [team, [...permissions]])),
      },
    });
  });
  serveSignIn(app, plane);
  for (const one of ENDPOINTS) serve(app, plane, idempotency, one);
  return app;
}

function serve(app: Hono<{ Bindings: AdminBindings }>, plane: Plane, idempotency: Idempotency, one: Endpoint): void {
  const { method, path, params = {}, query = {}, body } = one.spec;
  const schemas = { params: z.object(params), query: z.object(query) };
  app.on(method, API_PREFIX + path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
    const actor = await requireActor(plane, context);
    requireStorable("", context.req.param());
    requireStorable("", context.req.query());
    const call = {
      plane,
      actor,
      params: parseInput(schemas.params, context.req.param()),
      query: parseInput(schemas.query, context.req.query()),
      body: body === undefined ? undefined : parseInput(body, await jsonOf(context)),
      revision: revisionOf(context.req.header("if-match")),
    };
    const key = context.req.header("idempotency-key");
    if (method !== "post" || key === undefined) return responseOf(one, await one.handle(call));
    const request = { method, path: context.req.path, body: await context.req.text() };
    const answer = await idempotency.once(actor, key, request, async () => {
      const response = responseOf(one, await one.handle(call));
      return { status: response.status, body: await response.text() };
    });
    const made: unknown = answer.body === "" ? undefined : JSON.parse(answer.body);
    return responseOf(one, { status: answer.status as SuccessStatus, body: made });
  });
}

type SuccessStatus = NonNullable<Answer["status"]>;

const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

function responseOf({ spec }: Endpoint, answer: Answer | undefined): Response {
  const status = answer?.status ?? spec.status ?? (answer?.body === undefined ? 204 : 200);
  if (answer?.body === undefined) return new Response(null, { status, headers: { "cache-control": "no-store" } });
  const { body, headers = {} } = answer;
  if (typeof body === "string") return new Response(body, { status, headers: { ...JSON_HEADERS, ...headers } });
  if (isGenerator(body)) return new Response(streamOf(body), { status, headers: { ...JSON_HEADERS, ...headers } });
  const revision = isRevised(body) ? { etag: `"${body.revision}"` } : {};
  return new Response(JSON.stringify(body), { status, headers: { ...JSON_HEADERS, ...revision, ...headers } });
}

function streamOf(lines: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}

function isGenerator(body: unknown): body is AsyncGenerator<string> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

function isRevised(body: unknown): body is { revision: number } {
  return typeof body === "object" && body !== null && "revision" in body && typeof body.revision === "number";
}

/** `"5"`; `*` and nothing: whatever it is. */
function revisionOf(header: string | undefined): number | null {
  if (header === undefined || header === "*") return null;
  const [, digits] = /^"(\d{1,10})"$/.exec(header.trim()) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new ProblemError("invalid_request", 'If-Match takes the ETag of what you read, e.g. "5"');
}

async function requireActor(plane: Plane, context: AdminContext): Promise<Actor> {
  const session = getCookie(context, SESSION_COOKIE) ?? null;
  const token = tokenOf(context.req.header("authorization"));
  const actor = await recognise(plane, { token, session, address: context.env.remoteAddress });
  if (actor === null) {
    throw new ProblemError("unauthenticated", "sign in, or send a token as `Authorization: Bearer tgp_…`");
  }
  // A browser sends the cookie along whoever makes the request; a token only who has it.
  if (token === null) requireOwnOrigin(context);
  return actor;
}

function tokenOf(header: string | undefined): string | null {
  return header === undefined ? null : (/^bearer +(\S+)$/i.exec(header)?.[1] ?? "");
}
