import { z } from "zod";

/** One line of the mapping: whoever is in the group gets the role. */
export interface GroupRole {
  group: string;
  /** Null: the role is one in the organisation. */
  team: string | null;
  role: string;
}

/** What of an identity provider is kept as one JSON text; each has a default, so that it may be absent from older rows. */
export const optionsSchema = z.object({
  /** RFC 6749 §2.3.1; `none`: a public client, which has PKCE alone. */
  token_endpoint_auth_method: z.enum(["client_secret_basic", "client_secret_post", "none"]),
  scopes: z.array(z.string()).default(["openid", "profile", "email"]),
  email_claim: z.string().default("email"),
  name_claim: z.string().default("name"),
  groups_claim: z.string().default("groups"),
  /** The first line that fits decides, in the organisation and in each team. */
  group_roles: z.array(z.object({ group: z.string(), team: z.string().nullable(), role: z.string() })).default([]),
  /** In the organisation, of those to whom no group gives one. */
  default_role: z.string().default("member"),
  /** Who is in none of them is refused; empty: groups refuse nobody. */
  required_groups: z.array(z.string()).default([]),
  /** Lower case; empty: of any domain. */
  allowed_email_domains: z.array(z.string()).default([]),
  require_verified_email: z.boolean().default(true),
  create_users: z.boolean().default(true),
  link_existing_users: z.boolean().default(false),
});

export type IdentityProviderOptions = z.output<typeof optionsSchema>;
