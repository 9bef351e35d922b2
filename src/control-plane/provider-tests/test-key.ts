import { type Dispatcher, request } from "undici";
import type { ProviderKeySnapshot } from "../../contracts/provider-keys.ts";
import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import {
  judge,
  secretsOf,
  type TestRequest,
  type TestVerdict,
  testRequest,
  withPlainKey,
} from "../../providers/connection-test.ts";
import { signV4 } from "../../providers/signing/sigv4.ts";
import { tokenRequestBody } from "../../providers/signing/token-request.ts";
import { failureOf, type NetworkFailure } from "./network-failure.ts";

export type KeyVerdict = TestVerdict | NetworkFailure | "token_refused" | "secret_unavailable";

/** What became of the test of one key. Holds nothing of the key. */
export interface KeyTest {
  /** null: the provider has no keys. */
  key: string | null;
  ok: boolean;
  result: KeyVerdict;
  /** For people. */
  message: string;
  status: number | null;
  elapsed_ms: number;
}

const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_MESSAGE = 300;

interface Answer {
  status: number;
  body: string;
}

/** Makes one cheap call with a key, or without one where the provider has none. Never rejects. */
export async function testKey(
  provider: ProviderSnapshot,
  key: ProviderKeySnapshot | null,
  model: string | null,
  { dispatcher, signal, deadlineMs }: { dispatcher: Dispatcher; signal: AbortSignal; deadlineMs: number },
): Promise<KeyTest> {
  const beganAt = performance.now();
  const done = (result: KeyVerdict, message: string, status: number | null): KeyTest => ({
    key: key?.id ?? null,
    ok: result === "ok",
    result,
    message,
    status,
    elapsed_ms: Math.round(performance.now() - beganAt),
  });
  const plain = testRequest(provider, model);
  const { host } = new URL(plain.url);
  try {
    const proven = await withKey(plain, provider, key, (url, body) => post(url, body, dispatcher, signal));
    if ("refusal" in proven) return done("token_refused", proven.refusal, proven.status);
    const answer = await send(proven.request, dispatcher, signal);
    const { verdict, message } = judge(plain, answer.status, answer.body);
    const secrets = [...(key === null ? [] : secretsOf(key)), ...proven.secrets];
    return done(verdict, inWords(verdict, answer.status, host, model, harmless(message, secrets)), answer.status);
  } catch (error) {
    const { failure, message } = failureOf(error, host, deadlineMs);
    return done(failure, message, null);
  }
}

type Proven = { request: TestRequest; secrets: string[] } | { refusal: string; status: number };

async function withKey(
  request: TestRequest,
  provider: ProviderSnapshot,
  key: ProviderKeySnapshot | null,
  ask: (url: string, body: string) => Promise<Answer>,
): Promise<Proven> {
  if (key === null) return { request, secrets: [] };
  const { credential } = key;
  if (credential === undefined) return { request: withPlainKey(request, provider, key.value), secrets: [] };
  if (credential.type === "aws") {
    const { host, pathname, search } = new URL(request.url);
    const headers = ["host", host, ...Object.entries(request.headers).flat()];
    const parts = { method: request.method, path: pathname, query: search.slice(1), headers, body: request.body };
    return {
      request: { ...request, headers: { ...request.headers, ...pairs(signV4(parts, credential, Date.now())) } },
      secrets: [],
    };
  }
  let body: string;
  try {
    body = tokenRequestBody(credential, Date.now());
  } catch {
    return { refusal: "the private key can't be used to sign", status: 0 };
  }
  const answer = await ask(credential.tokenUrl, body);
  const { access_token: token, error } = Object(parsed(answer.body)) as Record<string, unknown>;
  if (answer.status !== 200 || typeof token !== "string") {
    const reason = typeof error === "string" && /^[\w.-]{1,60}$/.test(error) ? ` (${error})` : "";
    const { host } = new URL(credential.tokenUrl);
    return {
      refusal: `${host} gives no token for this credential: status ${answer.status}${reason}`,
      status: answer.status,
    };
  }
  return {
    request: { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } },
    secrets: [token],
  };
}

function pairs(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at < list.length; at += 2) headers[list[at] as string] = list[at + 1] as string;
  return headers;
}

async function send(sent: TestRequest, dispatcher: Dispatcher, signal: AbortSignal): Promise<Answer> {
  const { method, headers, body } = sent;
  return read(await request(sent.url, { dispatcher, method, headers, body: body === "" ? null : body, signal }));
}

async function post(url: string, body: string, dispatcher: Dispatcher, signal: AbortSignal): Promise<Answer> {
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  return read(await request(url, { dispatcher, method: "POST", headers, body, signal }));
}

/** What is longer than any answer to these is not read to its end. */
async function read({ statusCode, body }: Dispatcher.ResponseData): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return { status: statusCode, body: "{}" };
    chunks.push(chunk);
  }
  return { status: statusCode, body: Buffer.concat(chunks).toString("utf8") };
}

const WORDS: Record<TestVerdict, (status: number, host: string, model: string | null) => string> = {
  ok: (_status, host) => `${host} takes the key`,
  no_list: (_status, host) =>
    `${host} answers, but lists no models: name one with \`model\` to see whether the key is good`,
  unauthorized: (status, host) => `${host} does not know the key (${status})`,
  forbidden: (status, host, model) =>
    `${host} knows the key, which may not do this${model === null ? "" : ` with ${model}`} (${status})`,
  quota: (status, host) => `${host} knows the key, but its quota or credit is used up (${status})`,
  rate_limited: (status, host) => `${host} knows the key, but gets too many calls with it at the moment (${status})`,
  model_not_found: (status, host, model) =>
    `${host} has no model ${model ?? "of that name"}, or not for this key (${status})`,
  not_found: (status, host) =>
    `${host} has nothing at this address: look at \`base_url\` and its version path (${status})`,
  bad_request: (status, host) => `${host} refuses the call (${status})`,
  server_error: (status, host) => `${host} fails (${status})`,
  redirected: (status, host) => `${host} leads elsewhere, which is not followed: look at \`base_url\` (${status})`,
  bad_answer: (status, host) => `${host} answers ${status}, but not as an API of models does: look at \`base_url\``,
};

function inWords(verdict: TestVerdict, status: number, host: string, model: string | null, message: string): string {
  const words = WORDS[verdict](status, host, model);
  // Of a key that is not known, providers repeat parts.
  return message === "" || verdict === "unauthorized" ? words : `${words}: ${message}`;
}

/** A provider's own words, without what may be a part of a key. */
function harmless(message: string, secrets: readonly string[]): string {
  let text = message.replace(/[\p{Cc}\s]+/gu, " ").trim();
  for (const secret of secrets) text = text.replaceAll(secret, "[redacted]");
  const words = text.split(" ").map((word) => {
    const isOfKey = secrets.some((secret) => secret.length >= 8 && word.includes(secret.slice(0, 6)));
    return isOfKey || /\*{3,}/.test(word) ? "[redacted]" : word;
  });
  return words.join(" ").slice(0, MAX_MESSAGE);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
