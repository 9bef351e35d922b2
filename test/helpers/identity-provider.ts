import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

export const CLIENT_ID = "tidegate";
/** Must never be seen anywhere but in the request that makes a provider. */
export const CLIENT_SECRET = "canary-client-secret-of-40-characters-00";

/** What the server says of somebody; `groups` of their directory. */
export interface Account {
  email?: string;
  email_verified?: boolean;
  name?: string;
  groups?: string[];
}

export interface IdentityProvider {
  issuer: string;
  /** By the login that people type: it is their subject. */
  accounts: Map<string, Account>;
  /** Paths that were asked for. */
  asked: string[];
  close(): Promise<void>;
}

/**
 * A certified OpenID Connect server (panva's oidc-provider) on a free port of the loopback, with pages to sign in and to consent.
 * Claims are given by its UserInfo endpoint (OIDC Core §5.4).
 */
export async function startIdentityProvider(options: { redirectUris: string[] }): Promise<IdentityProvider> {
  const accounts = new Map<string, Account>();
  const asked: string[] = [];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: options.redirectUris }],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "first", use: "sig", alg: "RS256" }] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    scopes: ["openid", "profile", "email", "groups"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"], groups: ["groups"] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    pkce: { required: () => true },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, ...accounts.get(id) }),
    }),
  });
  const handle = provider.callback();
  server.on("request", (request, response) => {
    asked.push((request.url ?? "").split("?", 1)[0] ?? "");
    handle(request, response);
  });
  return {
    issuer,
    accounts,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
