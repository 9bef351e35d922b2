import { type Actor, SYSTEM } from "../access/actor.ts";
import { identityOf, linkIdentity } from "../entities/identities.ts";
import type { IdentityProviderOptions } from "../entities/identity-provider-options.ts";
import { type IdentityProviderRow, optionsOf } from "../entities/identity-providers.ts";
import { insertUser, userRow } from "../entities/users.ts";
import type { Change, Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Row, UserTable } from "../storage/tables.ts";
import type { Profile } from "./claims.ts";
import { applyGroupRoles, rolesOfGroups } from "./group-roles.ts";

type UserRow = Row<UserTable>;

/**
 * The user that somebody at an identity provider is: known by issuer and subject, linked by e-mail address, or new; with the roles
 * that their groups come to. Throws `sign_in_refused`, which says why; then nothing has changed.
 */
export async function provisionUser(
  plane: Plane,
  provider: IdentityProviderRow,
  profile: Profile,
  address: string,
): Promise<UserRow> {
  const options = optionsOf(provider);
  requireAdmission(options, profile);
  const roles = rolesOfGroups(profile.groups, options);
  return plane.change(actorOf(provider, address), async (change) => {
    const user = await findOrMake(change, provider, options, profile);
    if (user.disabled === 1) throw refused("the user is disabled");
    return applyGroupRoles(change, user, roles);
  });
}

/** Who makes users and gives roles, for the audit trail. */
function actorOf(provider: IdentityProviderRow, address: string): Actor {
  return { ...SYSTEM, id: `identity_provider/${provider.id}`, name: `identity provider ${provider.id}`, address };
}

/** What holds for everybody at each sign-in, known or not. */
function requireAdmission(options: IdentityProviderOptions, { email, emailIsVerified, groups }: Profile): void {
  const { require_verified_email, allowed_email_domains, required_groups } = options;
  if (require_verified_email && !emailIsVerified) {
    throw refused("the identity provider does not say that your e-mail address is verified");
  }
  const domain = email?.slice(email.lastIndexOf("@") + 1) ?? "";
  if (allowed_email_domains.length > 0 && !allowed_email_domains.includes(domain)) {
    throw refused("e-mail addresses of your domain are not allowed");
  }
  if (required_groups.length > 0 && !required_groups.some((group) => groups.includes(group))) {
    throw refused("you are in none of the groups that may sign in");
  }
}

async function findOrMake(
  change: Change,
  provider: IdentityProviderRow,
  options: IdentityProviderOptions,
  profile: Profile,
): Promise<UserRow> {
  const { issuer, subject, email } = profile;
  const identity = await identityOf(change.trx, issuer, subject);
  if (identity !== undefined) {
    const seen = change.trx.updateTable("identities").set({ last_sign_in_at: change.nowMs });
    await seen.where("id", "=", identity.id).execute();
    return userRow(change.trx, identity.user_id);
  }
  if (email === null) throw refused("the identity provider gives no e-mail address");
  const namesake = await change.trx.selectFrom("users").selectAll().where("email", "=", email).executeTakeFirst();
  if (namesake !== undefined) await requireLinkable(change, options, profile, namesake);
  else if (!options.create_users) throw refused("there is no user for you: an administrator has to make one");
  const user = namesake ?? (await newUser(change, email, profile));
  await linkIdentity(change, { provider_id: provider.id, user_id: user.id, issuer, subject });
  return user;
}

/**
 * Whoever has a verified address may be given the account of that address, where the organisation wants that. An account that is
 * linked already is not: its link may be of somebody who had the address unverified, and waited.
 */
async function requireLinkable(
  change: Change,
  { link_existing_users }: IdentityProviderOptions,
  { emailIsVerified }: Profile,
  user: UserRow,
): Promise<void> {
  const links = change.trx.selectFrom("identities").select("id").where("user_id", "=", user.id).limit(1);
  const isLinked = (await links.executeTakeFirst()) !== undefined;
  if (link_existing_users && emailIsVerified && !isLinked && user.disabled === 0) return;
  throw refused("there is another user with your e-mail address, which is not linked to you: ask an administrator");
}

async function newUser(change: Change, email: string, { name }: Profile): Promise<UserRow> {
  const user = { email, name: name ?? email, role: "member", password: null };
  const { id } = await insertUser(change, user, null);
  return userRow(change.trx, id);
}

function refused(message: string): ProblemError {
  return new ProblemError("sign_in_refused", message);
}
