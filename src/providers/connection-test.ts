import type { ProviderKeySnapshot } from "../contracts/provider-keys.ts";
import type { ProviderSnapshot } from "../contracts/snapshot.ts";

/** A request that says whether a key is good, and costs nothing or next to nothing. */
export interface TestRequest {
  /** `list`: of its models. `call`: a model is asked for a few tokens. */
  type: "list" | "call";
  method: "GET" | "POST";
  url: string;
  /** Names and values; without what proves who calls. */
  headers: Record<string, string>;
  body: string;
}

const MAX_TOKENS = 16;
const PROMPT = "Say OK.";

/**
 * Where kinds list their models, from their address, if that is not `/models`; null: nowhere. `call`: a cheap model, for kinds that
 * have no list, or one that is there for anybody.
 */
const LISTS: Readonly<Record<string, { path: string | null; call?: string }>> = {
  cohere: { path: "../v1/models?page_size=1" },
  "azure-openai-deployments": { path: "../models" },
  bedrock: { path: null, call: "amazon.nova-micro-v1:0" },
  "bedrock-openai": { path: null, call: "openai.gpt-oss-20b-1:0" },
  "vertex-ai": { path: null, call: "gemini-2.5-flash-lite" },
  cloudflare: { path: "../models/search?per_page=1" },
  databricks: { path: "../api/2.0/serving-endpoints" },
  // Theirs are public: a list would say nothing of the key.
  openrouter: { path: "key" },
  "github-models": { path: null, call: "openai/gpt-4.1-nano" },
  perplexity: { path: null, call: "sonar" },
  voyage: { path: null, call: "voyage-3.5-lite" },
  jina: { path: null, call: "jina-embeddings-v3" },
};

/** Of a provider that is reached over HTTP. `model`: that one is called; null: what is cheapest. */
export function testRequest(provider: ProviderSnapshot, model: string | null): TestRequest {
  const list = LISTS[provider.kind];
  const called = model ?? (list?.path === null ? (list.call ?? null) : null);
  return called === null ? listRequest(provider, list?.path ?? "models") : callRequest(provider, called);
}

function listRequest(provider: ProviderSnapshot, path: string): TestRequest {
  // `..` is of the path below the host.
  const url = new URL(path, `${provider.baseUrl}/`);
  if (provider.dialect === "anthropic") url.searchParams.set("limit", "1");
  if (provider.dialect === "gemini") url.searchParams.set("pageSize", "1");
  withParameters(url, provider.query);
  return { type: "list", method: "GET", url: url.href, headers: { ...provider.headers }, body: "" };
}

function callRequest(provider: ProviderSnapshot, model: string): TestRequest {
  const { path, body } = provider.quirks?.paths?.chat === null ? embedding(model) : chat(provider, model);
  const url = new URL(path, `${provider.baseUrl}/`);
  withParameters(url, provider.query);
  const headers = { ...provider.headers, "content-type": "application/json" };
  return { type: "call", method: "POST", url: url.href, headers, body: JSON.stringify(body) };
}

function embedding(model: string): { path: string; body: object } {
  return { path: "embeddings", body: { model, input: [PROMPT] } };
}

function chat({ dialect, quirks, api }: ProviderSnapshot, model: string): { path: string; body: object } {
  const messages = [{ role: "user", content: PROMPT }];
  switch (dialect) {
    case "anthropic":
      return { path: "messages", body: { model, max_tokens: MAX_TOKENS, messages } };
    case "gemini": {
      const contents = [{ role: "user", parts: [{ text: PROMPT }] }];
      const path = `models/${encodeURIComponent(model)}:generateContent`;
      return { path, body: { contents, generationConfig: { maxOutputTokens: MAX_TOKENS } } };
    }
    case "cohere":
      return { path: "chat", body: { model, max_tokens: MAX_TOKENS, messages } };
    case "bedrock": {
      const converse = [{ role: "user", content: [{ text: PROMPT }] }];
      const body = { messages: converse, inferenceConfig: { maxTokens: MAX_TOKENS } };
      return { path: `model/${encodeURIComponent(model)}/converse`, body };
    }
    case "openai-responses":
    case "openai": {
      if (api === "responses") {
        return { path: "responses", body: { model, input: PROMPT, max_output_tokens: MAX_TOKENS, store: false } };
      }
      const limit = quirks?.renamedFields?.max_completion_tokens ?? "max_completion_tokens";
      const body = { model, [limit]: MAX_TOKENS, messages };
      const path = quirks?.paths?.chat ?? "/chat/completions";
      return { path: path.slice(1).replace("{model}", encodeURIComponent(model)), body };
    }
  }
}

function withParameters(url: URL, query: string | undefined): void {
  if (query === undefined) return;
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
}

/** How a key that is a plain value is sent with it. Nothing for credentials that sign, or for which tokens are had. */
export function withPlainKey(request: TestRequest, { auth }: ProviderSnapshot, value: string): TestRequest {
  const { headers } = request;
  if (auth.type === "bearer") return { ...request, headers: { ...headers, authorization: `Bearer ${value}` } };
  if (auth.type === "header") return { ...request, headers: { ...headers, [auth.name]: value } };
  if (auth.type !== "query") return request;
  const url = new URL(request.url);
  url.searchParams.set(auth.name, value);
  return { ...request, url: url.href };
}

/** What must be in no message. */
export function secretsOf({ value, credential }: ProviderKeySnapshot): string[] {
  const parts = [value];
  if (credential?.type === "aws") parts.push(credential.secretAccessKey, credential.sessionToken ?? "");
  if (credential?.type === "entra") parts.push(credential.clientSecret);
  if (credential?.type === "service-account") parts.push(credential.privateKey);
  return parts.filter((part) => part !== "");
}

export type TestVerdict =
  | "ok"
  /** It answers and refuses nothing, but has no list of models. */
  | "no_list"
  | "unauthorized"
  | "forbidden"
  | "quota"
  | "rate_limited"
  | "model_not_found"
  | "not_found"
  | "bad_request"
  | "server_error"
  | "redirected"
  | "bad_answer";

/** What an answer says. `code` and `message` are the provider's, where it gave them. */
export function judge(
  { type }: Pick<TestRequest, "type">,
  status: number,
  body: string,
): { verdict: TestVerdict; message: string } {
  const error = errorIn(body);
  const text = `${error.code} ${error.message}`;
  if (status >= 200 && status < 300) {
    return jsonOf(body) === undefined ? { verdict: "bad_answer", message: "" } : { verdict: "ok", message: "" };
  }
  const verdict = verdictOf(type, status, text);
  return { verdict, message: error.message };
}

function verdictOf(type: TestRequest["type"], status: number, text: string): TestVerdict {
  if (status === 401 || REFUSED_KEY.test(text)) return "unauthorized";
  if (status === 402 || /insufficient_quota|billing|credit|arrearage|quota/i.test(text)) return "quota";
  if (status === 403) return "forbidden";
  if (status === 429) return "rate_limited";
  if (status >= 300 && status < 400) return "redirected";
  if (status >= 500) return type === "list" && status === 501 ? "no_list" : "server_error";
  if (type === "call" && (status === 404 || /model.*(not|invalid|exist)|invalid.*model/i.test(text))) {
    return "model_not_found";
  }
  if (type === "list" && (status === 404 || status === 405)) return "no_list";
  return status === 404 || status === 405 ? "not_found" : "bad_request";
}

/** Google says so with 400, AWS with 403. */
const REFUSED_KEY = /API_KEY_INVALID|API key not valid|security token included|signature we calculated|ExpiredToken/i;

interface ErrorText {
  code: string;
  message: string;
}

/** Of the shapes that providers have: `{ error: { code, message } }`, `{ message }`, and lists of the first. */
function errorIn(body: string): ErrorText {
  const value = jsonOf(body);
  const [first] = Array.isArray(value) ? value : [value];
  const outer = Object(first) as Record<string, unknown>;
  const inner =
    typeof outer.error === "object" && outer.error !== null ? (outer.error as Record<string, unknown>) : outer;
  const message = inner.message ?? outer.error ?? outer.detail ?? "";
  const code = [inner.code, inner.type, inner.status].filter((one) => typeof one === "string").join(" ");
  return { code: `${code} ${reasonsIn(inner.details)}`, message: typeof message === "string" ? message : "" };
}

/** Google says in `details` what it is about. */
function reasonsIn(details: unknown): string {
  if (!Array.isArray(details)) return "";
  return details
    .map((one) => Object(one).reason)
    .filter((reason) => typeof reason === "string")
    .join(" ");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
