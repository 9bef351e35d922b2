import { type RouteConfig, z } from "@hono/zod-openapi";
import { API_PREFIX } from "./api-prefix.ts";
import { PROBLEM_CONTENT } from "./problem-content.ts";
import { id } from "./schemas.ts";
import { signInAnswer } from "./session-routes.ts";

const tags = ["Session"];
const security: never[] = [];
const params = z.object({ identity_provider: id });
const problemOf = (description: string) => ({ description, content: PROBLEM_CONTENT });

const providers = z
  .object({
    items: z.array(z.object({ id, name: z.string(), start_path: z.string() })),
    password_sign_in: z.boolean().openapi({ description: "Whether passwords are taken beside them." }),
  })
  .openapi("SignInProviders");

export const codeInput = z
  .strictObject({ code: z.string().max(4_000), verifier: z.string().min(43).max(128) })
  .openapi("SignInCode");

/** What browsers are led through to sign in with an identity provider, for the document. */
export const SIGN_IN_PATHS: readonly RouteConfig[] = [
  {
    method: "get",
    path: `${API_PREFIX}/sign-in/providers`,
    operationId: "listSignInProviders",
    summary: "Identity providers to sign in with, for whoever is not signed in yet",
    tags,
    security,
    responses: { 200: { description: "OK", content: { "application/json": { schema: providers } } } },
  },
  {
    method: "get",
    path: `${API_PREFIX}/sign-in/{identity_provider}/start`,
    operationId: "startSignIn",
    summary: "Lead the browser to the identity provider",
    tags,
    security,
    request: {
      params,
      query: z.object({
        return_to: z.string().optional().openapi({ description: "Where to go afterwards: a path of this site." }),
        loopback_port: z.string().optional().openapi({
          description:
            "Of a command line that waits at 127.0.0.1: in place of a session, the browser brings it a code.",
        }),
        loopback_challenge: z.string().optional().openapi({ description: "Its code challenge (RFC 7636, S256)." }),
      }),
    },
    responses: {
      302: { description: "To the provider's authorization endpoint" },
      400: problemOf("`return_to` is no path of this site"),
      404: problemOf("There is no such provider, or it is not enabled"),
      502: problemOf("The provider's configuration can't be used"),
      503: problemOf("The provider or the database can't be reached"),
    },
  },
  {
    method: "get",
    path: `${API_PREFIX}/sign-in/{identity_provider}/callback`,
    operationId: "finishSignIn",
    summary: "Where the identity provider sends the browser back to: its redirect URI",
    tags,
    security,
    request: {
      params,
      query: z.object({
        code: z.string().optional(),
        state: z.string().optional(),
        iss: z.string().optional(),
        error: z.string().optional(),
      }),
    },
    responses: {
      200: { description: "Signed in: the session is in the cookie", content: { "text/html": { schema: z.string() } } },
      400: problemOf("Not the answer to a sign-in that this browser began"),
      403: problemOf("Refused, by the provider or by the organisation's rules"),
      404: problemOf("There is no such provider, or it is not enabled"),
      429: problemOf("Too often"),
      502: problemOf("The provider's answer can't be used"),
      503: problemOf("The provider or the database can't be reached"),
    },
  },
  {
    method: "post",
    path: `${API_PREFIX}/sign-in/{identity_provider}/back-channel-logout`,
    operationId: "backChannelLogout",
    summary: "Where an identity provider says that somebody has signed out there (Back-Channel Logout 1.0)",
    tags,
    security,
    request: {
      params,
      body: {
        required: true,
        content: { "application/x-www-form-urlencoded": { schema: z.object({ logout_token: z.string() }) } },
      },
    },
    responses: {
      200: { description: "The sessions are over" },
      400: {
        description: "The logout token is not good",
        content: { "application/json": { schema: z.object({ error: z.string(), error_description: z.string() }) } },
      },
      503: problemOf("The provider or the database can't be reached"),
    },
  },
  {
    method: "post",
    path: `${API_PREFIX}/sign-in/code`,
    operationId: "redeemSignInCode",
    summary: "A session for a command line that a browser has brought a code to",
    tags,
    security,
    request: { body: { required: true, content: { "application/json": { schema: codeInput } } } },
    responses: {
      201: {
        description: "Signed in: the session is in the cookie",
        content: { "application/json": { schema: signInAnswer } },
      },
      400: problemOf("The code is not good, or not any more"),
      403: problemOf("The user is disabled, or the request comes from a page of another origin"),
      429: problemOf("Too often"),
      503: problemOf("The database can't be reached or written"),
    },
  },
];
