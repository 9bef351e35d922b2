import { z } from "zod";
import { type IdentityProviderRow, optionsOf } from "../entities/identity-providers.ts";
import { ProblemError } from "../problem.ts";
import type { RelyingParty } from "./relying-party.ts";

export interface ProviderCheck {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  userinfo_endpoint: string | null;
  signing_keys: number;
  /** What may keep people from signing in. */
  warnings: string[];
}

const keySet = z.object({ keys: z.array(z.object({ use: z.string().optional() })) });

/** Asks a provider, before anybody signs in with it. Throws `identity_provider_failed` and `identity_provider_unreachable`. */
export async function checkProvider(relyingParty: RelyingParty, provider: IdentityProviderRow): Promise<ProviderCheck> {
  const metadata = await relyingParty.check(provider);
  const { scopes, token_endpoint_auth_method: method } = optionsOf(provider);
  const signingKeys = await countSigningKeys(relyingParty, metadata.jwks_uri ?? "");
  const warnings = [
    ...missing("scope", scopes, metadata.scopes_supported),
    ...missing("client authentication", [method], metadata.token_endpoint_auth_methods_supported),
    ...missing("response type", ["code"], metadata.response_types_supported),
    ...missing("PKCE method", ["S256"], metadata.code_challenge_methods_supported),
    ...(signingKeys === 0 ? ["its key set has no keys for signatures"] : []),
  ];
  return {
    issuer: metadata.issuer,
    authorization_endpoint: metadata.authorization_endpoint ?? "",
    token_endpoint: metadata.token_endpoint ?? "",
    userinfo_endpoint: metadata.userinfo_endpoint ?? null,
    signing_keys: signingKeys,
    warnings,
  };
}

/** `supported` undefined: the provider does not say. */
function missing(what: string, wanted: readonly string[], supported: readonly string[] | undefined): string[] {
  if (supported === undefined) return [];
  return wanted
    .filter((one) => !supported.includes(one))
    .map((one) => `it does not name the ${what} ${one} as supported`);
}

async function countSigningKeys(relyingParty: RelyingParty, url: string): Promise<number> {
  const headers = { accept: "application/json" };
  const answer = await relyingParty.fetch(url, { method: "GET", headers, body: undefined, redirect: "manual" });
  const parsed = keySet.safeParse(await answer.json().catch(() => null));
  if (parsed.success) return parsed.data.keys.filter(({ use }) => use === undefined || use === "sig").length;
  throw new ProblemError(
    "identity_provider_failed",
    `${new URL(url).origin} gives no key set (status ${answer.status})`,
  );
}
