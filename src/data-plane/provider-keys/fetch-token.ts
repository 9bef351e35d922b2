import { type Dispatcher, request } from "undici";
import { type TokenCredential, tokenRequestBody } from "../../providers/signing/token-request.ts";

export const TOKEN_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Where the answer does not say: what Google and Microsoft give. */
const USUAL_LIFETIME_S = 3600;

export interface FetchedToken {
  token: string;
  expiresAtMs: number;
}

/** Why there is no token. `message` may be shown to callers, `detail` is for the log; neither holds a secret. */
export class TokenFailure extends Error {
  readonly detail: string;

  constructor(message: string, detail = "") {
    super(message);
    this.detail = detail;
  }
}

/** Exchanges a credential for an access token (RFC 6749 §4.4, RFC 7523). Rejects with TokenFailure. */
export async function fetchToken(credential: TokenCredential, dispatcher: Dispatcher): Promise<FetchedToken> {
  const nowMs = Date.now();
  let body: string;
  try {
    body = tokenRequestBody(credential, nowMs);
  } catch {
    throw new TokenFailure("the private key can't be used to sign");
  }
  const { status, text } = await post(credential.tokenUrl, body, dispatcher);
  const answer = parse(text);
  const { access_token: token, expires_in: seconds, error, error_description: description } = answer;
  if (status !== 200) {
    const reason = typeof error === "string" && /^[\w.-]{1,60}$/.test(error) ? ` (${error})` : "";
    const detail = typeof description === "string" ? withoutSecrets(description, credential).slice(0, 300) : "";
    throw new TokenFailure(`the token endpoint answered ${status}${reason}`, detail);
  }
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new TokenFailure("the token endpoint's answer holds no token");
  }
  const lifetimeS = typeof seconds === "number" && seconds > 0 ? seconds : Number(seconds) || USUAL_LIFETIME_S;
  return { token, expiresAtMs: nowMs + lifetimeS * 1000 };
}

async function post(url: string, body: string, dispatcher: Dispatcher): Promise<{ status: number; text: string }> {
  try {
    const { statusCode, body: answer } = await request(url, {
      dispatcher,
      method: "POST",
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw new TokenFailure("the token endpoint's answer is too long");
      chunks.push(chunk);
    }
    return { status: statusCode, text: Buffer.concat(chunks).toString("utf8") };
  } catch (error) {
    if (error instanceof TokenFailure) throw error;
    const { code } = error as { code?: unknown };
    throw new TokenFailure("the token endpoint can't be reached", typeof code === "string" ? code : String(error));
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function withoutSecrets(text: string, credential: TokenCredential): string {
  return credential.type === "entra" ? text.replaceAll(credential.clientSecret, "[redacted]") : text;
}
