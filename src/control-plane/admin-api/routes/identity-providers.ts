import { z } from "@hono/zod-openapi";
import { deleteIdentity, listIdentities } from "../../entities/identities.ts";
import {
  createIdentityProvider,
  deleteIdentityProvider,
  getIdentityProvider,
  identityProviderToCheck,
  isClientSecret,
  listIdentityProviders,
  updateIdentityProvider,
} from "../../entities/identity-providers.ts";
import { checkProvider } from "../../oidc/check.ts";
import { isSafeUrl } from "../../oidc/provider-fetch.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { id, name, revision, time } from "../schemas.ts";

const tag = "Identity providers";
const params = { identity_provider: id };
const MAX_ITEMS = 500;
const MAX_TEXT = 500;
const text = z.string().trim().min(1).max(MAX_TEXT);
/** RFC 6749 §3.3. */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, "expected a scope: no spaces, no quotes");
const domain = z
  .string()
  .max(253)
  .regex(/^[^\s@]+\.[^\s@]+$/, "expected a domain, e.g. example.org")
  .transform((value) => value.toLowerCase());

const issuer = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine(
    (value) => URL.canParse(value) && isSafeUrl(new URL(value)),
    "expected https:// (http:// for this machine alone)",
  )
  .refine((value) => !/[?#]|\/\.well-known\//.test(value), "expected the issuer itself: no query, no /.well-known/")
  .refine((value) => URL.canParse(value) && new URL(value).username === "", "no user and password in the URL")
  .openapi({
    description: "As the provider writes it: its configuration is below it.",
    example: "https://idp.example.org",
  });

const groupRoles = z
  .array(
    z.strictObject({
      group: text,
      team: id.nullable().default(null).openapi({ description: "Null: a role in the organisation." }),
      role: id,
    }),
  )
  .max(MAX_ITEMS)
  .openapi({ description: "The first line that fits decides, in the organisation and in each team." });

const options = {
  token_endpoint_auth_method: z.enum(["client_secret_basic", "client_secret_post", "none"]),
  scopes: z
    .array(scope)
    .max(50)
    .refine((scopes) => scopes.includes("openid"), "expected `openid` among them"),
  email_claim: text,
  name_claim: text,
  groups_claim: text.openapi({ description: "A claim's name, or its path: `realm_access.roles`." }),
  group_roles: groupRoles,
  default_role: id.openapi({ description: "In the organisation, of those to whom no group gives one." }),
  required_groups: z
    .array(text)
    .max(MAX_ITEMS)
    .openapi({ description: "Who is in none is refused; empty: nobody is." }),
  allowed_email_domains: z.array(domain).max(MAX_ITEMS).openapi({ description: "Empty: any." }),
  require_verified_email: z.boolean(),
  create_users: z.boolean().openapi({ description: "Whoever is not known becomes a user." }),
  link_existing_users: z
    .boolean()
    .openapi({ description: "Whoever has a verified e-mail address becomes the user who has that address." }),
};

const clientSecret = z.string().min(1).max(2_000);

const reference = z
  .strictObject({ vault: z.strictObject({ path: text, field: text }), prefix: z.string().max(100).optional() })
  .openapi("SecretReference", { description: "A field of a secret in HashiCorp Vault's key/value store." });

const fields = {
  name,
  client_id: text,
  client_secret: z
    .union([clientSecret, reference])
    .nullable()
    .openapi({ description: "Kept sealed, and never shown; or a reference to where it is kept." }),
  ...options,
  enabled: z.boolean(),
};

const identityProvider = z
  .object({
    id,
    name: z.string(),
    issuer: z.string(),
    client_id: z.string(),
    has_client_secret: z.boolean(),
    client_secret_reference: reference.nullable(),
    ...options,
    enabled: z.boolean(),
    redirect_path: z
      .string()
      .openapi({ description: "Behind the URL of the admin API: the redirect URI that the provider has to know." }),
    back_channel_logout_path: z
      .string()
      .openapi({ description: "The same: the URI at which the provider says that somebody has signed out." }),
    created_by: z.string(),
    created_at: time,
    revision,
  })
  .openapi("IdentityProvider");

const check = z
  .object({
    issuer: z.string(),
    authorization_endpoint: z.string(),
    token_endpoint: z.string(),
    userinfo_endpoint: z.string().nullable(),
    signing_keys: z.int(),
    warnings: z.array(z.string()),
  })
  .openapi("IdentityProviderCheck");

const identity = z
  .object({
    id: z.string(),
    identity_provider: z.string(),
    issuer: z.string(),
    subject: z.string(),
    created_at: time,
    last_sign_in_at: time,
  })
  .openapi("Identity");

const providers: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/identity-providers",
      operationId: "listIdentityProviders",
      summary: "Where people sign in with OpenID Connect",
      tag,
      needs: "setting.read",
      answers: z.object({ items: z.array(identityProvider) }),
    },
    async ({ plane, actor }) => ({ body: { items: await listIdentityProviders(plane, actor) } }),
  ),
  endpoint(
    {
      method: "post",
      path: "/identity-providers",
      operationId: "createIdentityProvider",
      summary: "Add an identity provider",
      tag,
      needs: "organisation.manage",
      body: z.strictObject({ ...z.object(fields).partial().shape, id, name, issuer, client_id: text }),
      answers: identityProvider,
      status: 201,
    },
    async ({ plane, actor, body }) => ({ body: await createIdentityProvider(plane, actor, body) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/identity-providers/{identity_provider}",
      operationId: "getIdentityProvider",
      summary: "An identity provider",
      tag,
      needs: "setting.read",
      params,
      answers: identityProvider,
    },
    async ({ plane, actor, params: { identity_provider } }) => {
      return { body: await getIdentityProvider(plane, actor, identity_provider) };
    },
  ),
  endpoint(
    {
      method: "patch",
      path: "/identity-providers/{identity_provider}",
      operationId: "updateIdentityProvider",
      summary: "Change an identity provider, all but its issuer, or turn it off",
      tag,
      needs: "organisation.manage",
      params,
      body: z.strictObject(fields).partial(),
      answers: identityProvider,
    },
    async ({ plane, actor, params: { identity_provider }, body, revision: expected }) => {
      return { body: await updateIdentityProvider(plane, actor, identity_provider, body, expected) };
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/identity-providers/{identity_provider}",
      operationId: "deleteIdentityProvider",
      summary: "Remove an identity provider; its users stay, with their roles",
      tag,
      needs: "organisation.manage",
      params,
    },
    async ({ plane, actor, params: { identity_provider }, revision: expected }) => {
      await deleteIdentityProvider(plane, actor, identity_provider, expected);
      return undefined;
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/identity-providers/{identity_provider}/check",
      operationId: "checkIdentityProvider",
      summary: "Ask an identity provider for its configuration and keys, and say what does not fit",
      tag,
      needs: "setting.read",
      params,
      answers: check,
    },
    async ({ plane, actor, params: { identity_provider } }) => {
      const provider = await identityProviderToCheck(plane, actor, identity_provider);
      return { body: await checkProvider(plane.relyingParty, provider) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/identity-providers/{identity_provider}/compare-client-secret",
      operationId: "compareClientSecret",
      summary: "Whether a client secret is the one that is stored; changes nothing",
      tag,
      needs: "organisation.manage",
      params,
      body: z.strictObject({ client_secret: clientSecret }),
      answers: z.object({ same: z.boolean() }),
    },
    async ({ plane, actor, params: { identity_provider }, body }) => {
      return { body: { same: await isClientSecret(plane, actor, identity_provider, body.client_secret) } };
    },
  ),
];

const identities: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/users/{user}/identities",
      operationId: "listIdentities",
      summary: "With which identity providers a user signs in",
      tag: "Users",
      needs: "user.read",
      params: { user: z.string() },
      answers: z.object({ items: z.array(identity) }),
    },
    async ({ plane, actor, params: { user } }) => ({ body: { items: await listIdentities(plane, actor, user) } }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/users/{user}/identities/{identity}",
      operationId: "deleteIdentity",
      summary: "Unlink a user from an identity provider; their sessions end",
      tag: "Users",
      needs: "user.manage",
      params: { user: z.string(), identity: z.string() },
    },
    async ({ plane, actor, params: { user, identity: one } }) => {
      await deleteIdentity(plane, actor, user, one);
      return undefined;
    },
  ),
];

export const identityProviderEndpoints: readonly Endpoint[] = [...providers, ...identities];
