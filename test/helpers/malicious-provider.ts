import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface MaliciousProvider {
  issuer: string;
  /** Paths that were asked for. */
  asked: string[];
  /** Bodies of the requests for tokens. */
  forms: URLSearchParams[];
  /** In place of the configuration's fields. */
  metadata: Record<string, unknown>;
  /** What the token endpoint gives as ID token. */
  idToken: string;
  /** Answers in place of what is at that path. */
  answers: Map<string, Answer>;
  /** A token that is right but for these claims (undefined: it has none), signed with its own key. */
  sign(nonce: string, claims?: Record<string, unknown>): Promise<string>;
  /** The same, signed with a key that is not in its key set. */
  signWithOther(nonce: string): Promise<string>;
  close(): Promise<void>;
}

const CLIENT_ID = "tidegate";

/** An identity provider that says whatever a test wants, on a free port of the loopback. */
export async function startMaliciousProvider(): Promise<MaliciousProvider> {
  const [own, other] = [await generateKeyPair("RS256", { extractable: true }), await generateKeyPair("RS256")];
  const keys = [{ ...(await exportJWK(own.publicKey)), kid: "own", use: "sig", alg: "RS256" }];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const claimsOf = (nonce: string, claims: Record<string, unknown>) => {
    const nowS = Math.floor(Date.now() / 1000);
    const person = { email: "mallory@example.org", email_verified: true, name: "Mallory", groups: [] };
    return { iss: issuer, sub: "mallory", aud: CLIENT_ID, iat: nowS, exp: nowS + 300, nonce, ...person, ...claims };
  };
  const signed = (key: typeof own, nonce: string, claims: Record<string, unknown>) => {
    return new SignJWT(claimsOf(nonce, claims)).setProtectedHeader({ alg: "RS256", kid: "own" }).sign(key.privateKey);
  };
  const provider: MaliciousProvider = {
    issuer,
    asked: [],
    forms: [],
    metadata: {},
    idToken: "",
    answers: new Map(),
    sign: (nonce, claims = {}) => signed(own, nonce, claims),
    signWithOther: (nonce) => signed(other, nonce, {}),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const json = (response: ServerResponse, body: object) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  server.on("request", (request, response) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    provider.asked.push(path);
    const answer = provider.answers.get(path);
    if (answer !== undefined) answer(request, response);
    else if (path === "/.well-known/openid-configuration") {
      json(response, {
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ["code"],
        id_token_signing_alg_values_supported: ["RS256", "none"],
        ...provider.metadata,
      });
    } else if (path === "/keys") json(response, { keys });
    else if (path === "/token") {
      let text = "";
      request.on("data", (part) => {
        text += part;
      });
      request.on("end", () => {
        provider.forms.push(new URLSearchParams(text));
        json(response, { access_token: "canary-access-token", token_type: "bearer", id_token: provider.idToken });
      });
    } else response.writeHead(404).end();
  });
  return provider;
}
