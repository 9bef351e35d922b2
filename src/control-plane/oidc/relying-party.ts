import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import * as oidc from "openid-client";
import type { Sealer } from "../../platform/seal.ts";
import type { SecretReaders } from "../../platform/secrets/secret-store.ts";
import { storedClientSecret } from "../entities/client-secret.ts";
import { type IdentityProviderRow, optionsOf } from "../entities/identity-providers.ts";
import { ProblemError } from "../problem.ts";
import { CLIENT_SECRET } from "../storage/sealed.ts";
import { lacksClaims, type Profile, profileOf } from "./claims.ts";
import type { SignInFlow } from "./flow.ts";
import { asProviderProblem } from "./provider-error.ts";
import { isLoopbackHttp, providerFetch, requireSafeUrl } from "./provider-fetch.ts";

/** Providers change keys and endpoints rarely; the keys are looked up again by themselves when a token names a new one. */
const DISCOVERY_LIFETIME_MS = 60 * 60_000;
/** How far the clocks may be apart. */
const CLOCK_TOLERANCE_S = 30;
const ANSWER_LIMIT_MS = 10_000;

interface Discovered {
  revision: number;
  /** One that is kept elsewhere may change without the provider. */
  clientSecret: string | null;
  expiresAtMs: number;
  configuration: Promise<oidc.Configuration>;
}

export interface RelyingPartyOptions {
  sealer: Sealer;
  nowMs: () => number;
  /** Resolves client secrets that are kept elsewhere. */
  secrets: SecretReaders;
  /** Of one request to a provider. */
  answerLimitMs?: number;
}

export type SignInSecrets = Pick<SignInFlow, "state" | "nonce" | "codeVerifier">;

export function newSignInSecrets(): SignInSecrets {
  return { state: oidc.randomState(), nonce: oidc.randomNonce(), codeVerifier: oidc.randomPKCECodeVerifier() };
}

/** Tidegate as a client of identity providers: authorization code flow with PKCE (OIDC Core §3.1, RFC 7636, RFC 9700). */
export class RelyingParty {
  readonly #sealer: Sealer;
  readonly #nowMs: () => number;
  readonly #secrets: SecretReaders;
  readonly #discovered = new Map<string, Discovered>();
  readonly #keySets = new Map<string, { uri: string; keys: JWTVerifyGetKey }>();
  /** What all requests to providers go through. */
  readonly fetch: oidc.CustomFetch;

  constructor({ sealer, nowMs, secrets, answerLimitMs = ANSWER_LIMIT_MS }: RelyingPartyOptions) {
    this.#sealer = sealer;
    this.#nowMs = nowMs;
    this.#secrets = secrets;
    this.fetch = providerFetch(answerLimitMs);
  }

  /** Where the browser goes to sign in. */
  async authorizationUrl(
    provider: IdentityProviderRow,
    redirectUri: string,
    { state, nonce, codeVerifier }: SignInSecrets,
  ): Promise<URL> {
    const configuration = await this.#configurationOf(provider);
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: optionsOf(provider).scopes.join(" "),
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: "S256",
    });
    requireSafeUrl(url);
    return url;
  }

  /**
   * Who has signed in, from the parameters that the browser was sent back with; `state` was looked at before. Throws
   * `sign_in_invalid`, `sign_in_refused`, `identity_provider_failed` and `identity_provider_unreachable`.
   */
  async profile(provider: IdentityProviderRow, flow: SignInFlow, parameters: URLSearchParams): Promise<Profile> {
    const configuration = await this.#configurationOf(provider);
    requireIssuer(configuration.serverMetadata(), parameters);
    const currentUrl = new URL(flow.redirectUri);
    currentUrl.search = parameters.toString();
    try {
      const tokens = await oidc.authorizationCodeGrant(configuration, currentUrl, {
        expectedState: flow.state,
        expectedNonce: flow.nonce,
        pkceCodeVerifier: flow.codeVerifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new ProblemError("identity_provider_failed", "there is no ID token");
      const names = optionsOf(provider);
      const canAsk = configuration.serverMetadata().userinfo_endpoint !== undefined;
      const isAsked = canAsk && lacksClaims(claims, names);
      const userInfo = isAsked ? await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub) : null;
      return profileOf(claims, userInfo, names);
    } catch (error) {
      throw asProviderProblem(error);
    }
  }

  /** The keys that it signs with: fetched again for one that is not known, but not more often than every 30 s. */
  async keysOf(provider: IdentityProviderRow): Promise<JWTVerifyGetKey> {
    const { jwks_uri: uri = "" } = (await this.#configurationOf(provider)).serverMetadata();
    const known = this.#keySets.get(provider.id);
    if (known?.uri === uri) return known.keys;
    const keys = createRemoteJWKSet(new URL(uri), { [customFetch]: this.fetch as typeof fetch });
    this.#keySets.set(provider.id, { uri, keys });
    return keys;
  }

  /** What the provider says of itself now, whatever is remembered. */
  async check(provider: IdentityProviderRow): Promise<oidc.ServerMetadata> {
    this.#discovered.delete(provider.id);
    return (await this.#configurationOf(provider)).serverMetadata();
  }

  /** Found once for all who sign in; a failure is not remembered. */
  async #configurationOf(provider: IdentityProviderRow): Promise<oidc.Configuration> {
    const nowMs = this.#nowMs();
    const clientSecret = await this.#clientSecretOf(provider);
    const { revision } = provider;
    const known = this.#discovered.get(provider.id);
    const isTheSame = known?.revision === revision && known.clientSecret === clientSecret;
    if (isTheSame && known.expiresAtMs > nowMs) return known.configuration;
    const configuration = this.#discover(provider, clientSecret);
    const discovered = { revision, clientSecret, expiresAtMs: nowMs + DISCOVERY_LIFETIME_MS, configuration };
    this.#discovered.set(provider.id, discovered);
    configuration.catch(() => {
      if (this.#discovered.get(provider.id) === discovered) this.#discovered.delete(provider.id);
    });
    return configuration;
  }

  /** OIDC Discovery §4. */
  async #discover(provider: IdentityProviderRow, clientSecret: string | null): Promise<oidc.Configuration> {
    const issuer = new URL(provider.issuer);
    try {
      const configuration = await oidc.discovery(
        issuer,
        provider.client_id,
        { [oidc.clockTolerance]: CLOCK_TOLERANCE_S },
        authenticationOf(provider, clientSecret),
        {
          [oidc.customFetch]: this.fetch,
          execute: [
            // Signatures are looked at, also of tokens that come straight from the provider.
            oidc.enableNonRepudiationChecks,
            ...(isLoopbackHttp(issuer) ? [oidc.allowInsecureRequests] : []),
          ],
        },
      );
      requireEndpoints(configuration.serverMetadata());
      return configuration;
    } catch (error) {
      throw asProviderProblem(error);
    }
  }

  async #clientSecretOf({ id, client_secret: sealed }: IdentityProviderRow): Promise<string | null> {
    if (sealed === null) return null;
    const stored = storedClientSecret(this.#sealer.open(sealed, CLIENT_SECRET));
    if (typeof stored === "string") return stored;
    const [resolution] = await this.#secrets.readerFor(`identity provider ${id}`).resolve([stored]);
    if (resolution?.ok === true) return resolution.value;
    const reason = `the client secret of ${id} can't be had: ${resolution?.message}`;
    throw new ProblemError("identity_provider_failed", reason);
  }
}

function authenticationOf(provider: IdentityProviderRow, secret: string | null): oidc.ClientAuth {
  const method = optionsOf(provider).token_endpoint_auth_method;
  if (method === "none" || secret === null) return oidc.None();
  return method === "client_secret_post" ? oidc.ClientSecretPost(secret) : oidc.ClientSecretBasic(secret);
}

/** RFC 9207 §2.4: an answer of another provider than the one that was asked (mix-up attack). */
function requireIssuer(metadata: oidc.ServerMetadata, parameters: URLSearchParams): void {
  const issuer = parameters.get("iss");
  if (issuer === null && metadata.authorization_response_iss_parameter_supported !== true) return;
  if (issuer === metadata.issuer) return;
  throw new ProblemError("sign_in_invalid", "the answer is of another identity provider than the one that was asked");
}

function requireEndpoints(metadata: oidc.ServerMetadata): void {
  for (const name of ["authorization_endpoint", "token_endpoint", "jwks_uri"] as const) {
    if (metadata[name] !== undefined) continue;
    throw new ProblemError("identity_provider_failed", `the identity provider's configuration names no ${name}`);
  }
}
