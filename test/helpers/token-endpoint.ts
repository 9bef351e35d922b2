import { generateKeyPairSync } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type SeenRequest, startUpstream, type TestUpstream } from "./upstream.ts";

export interface TokenEndpoint {
  url: string;
  /** The parameters of each request, in their order. */
  asked: URLSearchParams[];
  /** What it answers from now on; by default a token that is good for an hour, another one each time. */
  answer: ((asked: URLSearchParams) => { status: number; body: unknown }) | null;
  /** Until then it keeps those waiting who ask. */
  hold: Promise<void> | null;
  /** The token it gave last. */
  readonly last: string;
  upstream: TestUpstream;
  close(): Promise<void>;
}

/** A token endpoint of OAuth 2.0 on a free port, at whatever path it is asked. */
export async function startTokenEndpoint(): Promise<TokenEndpoint> {
  const asked: URLSearchParams[] = [];
  let tokens = 0;
  const upstream = await startUpstream(({ body }: SeenRequest, response) => {
    const parameters = new URLSearchParams(body.toString());
    asked.push(parameters);
    if (endpoint.hold === null) give(parameters, response);
    else void endpoint.hold.then(() => give(parameters, response));
  });
  const give = (parameters: URLSearchParams, response: ServerResponse): void => {
    const given = endpoint.answer?.(parameters) ?? {
      status: 200,
      body: { access_token: `token-${++tokens}`, expires_in: 3600, token_type: "Bearer" },
    };
    response.writeHead(given.status, { "content-type": "application/json" });
    response.end(JSON.stringify(given.body));
  };
  const endpoint: TokenEndpoint = {
    url: upstream.url,
    asked,
    answer: null,
    hold: null,
    get last() {
      return `token-${tokens}`;
    },
    upstream,
    close: () => upstream.close(),
  };
  return endpoint;
}

export interface TestServiceAccount {
  /** The key file. */
  json: string;
  publicKey: string;
  privateKey: string;
}

export function testServiceAccount(tokenUrl: string): TestServiceAccount {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const file = {
    type: "service_account",
    client_email: "gateway@project-1.iam.gserviceaccount.com",
    private_key_id: "key-id-1",
    private_key: privateKey,
    token_uri: tokenUrl,
  };
  return { json: JSON.stringify(file), publicKey, privateKey };
}
