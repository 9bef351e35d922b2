import type { IdentityProviderOptions } from "../entities/identity-provider-options.ts";
import { ProblemError } from "../problem.ts";

/** Who an identity provider says somebody is. */
export interface Profile {
  issuer: string;
  subject: string;
  /** Lower case; null: it does not say, or what it says is no address. */
  email: string | null;
  emailIsVerified: boolean;
  name: string | null;
  groups: string[];
  /** What the provider calls the session (Back-Channel Logout 1.0 §2.1); null: it does not say. */
  sessionId: string | null;
}

export type Claims = Readonly<Record<string, unknown>>;

type ClaimNames = Pick<IdentityProviderOptions, "email_claim" | "name_claim" | "groups_claim">;

/** OIDC Core §2. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;
/** What no database keeps, and no page shows, as it is. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/gu;
const EMAIL = /^[^\s\p{Cc}\p{Cs}@]+@[^\s\p{Cc}\p{Cs}@]+$/u;
const SESSION_ID = /^[^\p{Cc}\p{Cs}]{1,500}$/u;
const MAX_EMAIL = 254;
const MAX_NAME = 200;
const VERIFIED = "email_verified";

/** Whether the UserInfo endpoint has to be asked: many providers leave claims of scopes out of the ID token (OIDC Core §5.4). */
export function lacksClaims(idToken: Claims, names: ClaimNames): boolean {
  const wanted = [names.email_claim, names.name_claim, names.groups_claim, VERIFIED];
  return wanted.some((name) => claimOf(idToken, name) === undefined);
}

/** `userInfo` null: it was not asked. The ID token comes first: it is signed. Throws `identity_provider_failed`. */
export function profileOf(idToken: Claims, userInfo: Claims | null, names: ClaimNames): Profile {
  const sources = userInfo === null ? [idToken] : [idToken, userInfo];
  const claim = (name: string) => sources.map((source) => claimOf(source, name)).find((value) => value !== undefined);
  const email = emailOf(claim(names.email_claim));
  const subject = String(idToken.sub);
  if (!SUBJECT.test(subject)) {
    throw new ProblemError("identity_provider_failed", "the claim sub is not 1 to 255 characters of ASCII");
  }
  return {
    issuer: String(idToken.iss),
    subject,
    email,
    emailIsVerified: email !== null && isVerified(sources, email),
    name: nameOf(claim(names.name_claim)),
    groups: textsOf(claim(names.groups_claim)),
    sessionId: typeof idToken.sid === "string" && SESSION_ID.test(idToken.sid) ? idToken.sid : null,
  };
}

/** `email_verified` is said of the claim `email`, where both are said (OIDC Core §5.1): of no other claim, and of no other address. */
function isVerified(sources: readonly Claims[], email: string): boolean {
  return (
    sources.find((source) => source[VERIFIED] !== undefined && emailOf(source.email) === email)?.[VERIFIED] === true
  );
}

/** A claim by its name, which may hold dots (`https://example.org/groups`), or else by its path (`realm_access.roles`). */
function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const step of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Claims)[step];
  }
  return value;
}

function emailOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const email = value.trim().toLowerCase();
  return EMAIL.test(email) && email.length <= MAX_EMAIL ? email : null;
}

function nameOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const name = [...value.replace(UNPRINTABLE, "").trim()].slice(0, MAX_NAME).join("");
  return name === "" ? null : name;
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
