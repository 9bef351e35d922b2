import { z } from "zod";
import { SECRET_MARKER, scalar } from "../../snapshot/schema/notes.ts";
import { id, name, textUpTo } from "./file-scalars.ts";
import type { DesiredIdentityProvider } from "./state.ts";

const text = textUpTo(500, { trimmed: true, minimum: 1 });

/** Empty as where it is absent, so that a variable that is not set (`${NAME:-}`) leaves the stored one alone. */
const clientSecret = scalar({
  type: "secret",
  expected: "a secret of at most 2000 characters (put quotes around it), or a reference to one in Vault",
  secret: true,
  parse: (value) => (typeof value === "string" && value.length <= 2_000 ? value : undefined),
});

const domain = scalar({
  type: "domain",
  expected: "a domain such as example.org",
  parse: (value) => (typeof value === "string" && /^[^\s@]+\.[^\s@]+$/.test(value) ? value.toLowerCase() : undefined),
});

const groupRole = z.strictObject({
  group: text.describe("Name of the group at the provider."),
  team: id.nullable().prefault(null).describe("Team in which the role is given; null: in the organisation."),
  role: id.describe("Id of the role."),
});

/** As the admin API has it. */
export const identityProvider = z
  .strictObject({
    id: id.describe("Id of the provider; part of its redirect URI."),
    name: name.optional().describe("Name for people; absent: the id."),
    issuer: textUpTo(2_000, { trimmed: false, minimum: 1 }).describe("The issuer's URL. It can't be changed later."),
    client_id: text.describe("What this is called at the provider."),
    client_secret: clientSecret.optional().describe("Its secret; absent or empty: the one that is stored stays."),
    token_endpoint_auth_method: z
      .enum(["client_secret_basic", "client_secret_post", "none"])
      .optional()
      .describe("How the secret is sent; absent: `client_secret_basic`, or `none` without a secret."),
    scopes: z.array(text).prefault(["openid", "profile", "email"]).describe("What is asked for."),
    email_claim: text.prefault("email").describe("Claim with the e-mail address."),
    name_claim: text.prefault("name").describe("Claim with the name."),
    groups_claim: text.prefault("groups").describe("Claim with the groups."),
    group_roles: z.array(groupRole).prefault([]).describe("Roles by group; the first line that fits decides."),
    default_role: id.prefault("member").describe("Role in the organisation of those to whom no group gives one."),
    required_groups: z.array(text).prefault([]).describe("Who is in none of them is refused."),
    allowed_email_domains: z.array(domain).prefault([]).describe("Whose address is in none of them is refused."),
    require_verified_email: z.boolean().prefault(true).describe("Refuses people whose address is not verified."),
    create_users: z.boolean().prefault(true).describe("Whoever is not known becomes a user."),
    link_existing_users: z.boolean().prefault(false).describe("Signs people in as the user who has their address."),
    enabled: z.boolean().prefault(true).describe("Whether people can sign in with it."),
  })
  .describe("An OpenID Connect provider.");

export function identityProviderFrom(one: z.output<typeof identityProvider>): DesiredIdentityProvider {
  const { id: own, issuer, client_secret = "", token_endpoint_auth_method: authMethod = null, ...fields } = one;
  return {
    id: own,
    issuer,
    clientSecret: client_secret === "" ? null : secretOrReference(client_secret),
    authMethod,
    fields: { ...fields, name: fields.name ?? own },
  };
}

function secretOrReference(text: string): string | object {
  if (!text.startsWith(SECRET_MARKER)) return text;
  const reference: unknown = JSON.parse(text.slice(SECRET_MARKER.length));
  return Object(reference);
}
