import type { InboundName } from "../../../dialects/index.ts";
import type { AiEndpoint } from "../compiled.ts";

/** One endpoint of the unified API and the dialect it is spoken in. */
export interface EndpointPath {
  method: "GET" | "POST" | "DELETE";
  path: string;
  endpoint: AiEndpoint;
  dialect: InboundName;
}

/** A model's name with its slashes encoded, as AWS's clients have it, or plain. Services keep all else below `/model`. */
const CONVERSE: readonly EndpointPath[] = [":model", ":provider/:model", ":provider/:vendor/:model"].flatMap((model) =>
  ["converse", "converse-stream", "count-tokens"].map((operation): EndpointPath => {
    return { method: "POST", path: `/model/${model}/${operation}`, endpoint: "addressed", dialect: "bedrock" };
  }),
);

/** About what providers keep. */
const STORED: readonly EndpointPath[] = [
  { method: "POST", path: "/v1/files", endpoint: "files", dialect: "openai" },
  { method: "GET", path: "/v1/files", endpoint: "files", dialect: "openai" },
  { method: "GET", path: "/v1/files/:file", endpoint: "files", dialect: "openai" },
  { method: "DELETE", path: "/v1/files/:file", endpoint: "files", dialect: "openai" },
  { method: "GET", path: "/v1/files/:file/content", endpoint: "files", dialect: "openai" },
  { method: "POST", path: "/v1/batches", endpoint: "batches", dialect: "openai" },
  { method: "GET", path: "/v1/batches", endpoint: "batches", dialect: "openai" },
  { method: "GET", path: "/v1/batches/:batch", endpoint: "batches", dialect: "openai" },
  { method: "POST", path: "/v1/batches/:batch/cancel", endpoint: "batches", dialect: "openai" },
  { method: "GET", path: "/v1/responses/:response", endpoint: "responses", dialect: "openai-responses" },
  { method: "DELETE", path: "/v1/responses/:response", endpoint: "responses", dialect: "openai-responses" },
  { method: "GET", path: "/v1/responses/:response/input_items", endpoint: "responses", dialect: "openai-responses" },
  { method: "POST", path: "/v1/responses/:response/cancel", endpoint: "responses", dialect: "openai-responses" },
];

export const AI_ENDPOINTS: readonly EndpointPath[] = [
  ...CONVERSE,
  { method: "POST", path: "/v1/chat/completions", endpoint: "chat", dialect: "openai" },
  { method: "POST", path: "/v1/responses", endpoint: "chat", dialect: "openai-responses" },
  { method: "POST", path: "/v1/messages", endpoint: "chat", dialect: "anthropic" },
  { method: "POST", path: "/v1/messages/count_tokens", endpoint: "count_tokens", dialect: "anthropic" },
  { method: "POST", path: "/v1/responses/input_tokens", endpoint: "count_tokens", dialect: "openai-responses" },
  { method: "POST", path: "/v2/chat", endpoint: "chat", dialect: "cohere" },
  { method: "POST", path: "/v1/completions", endpoint: "completions", dialect: "openai" },
  { method: "POST", path: "/v1/rerank", endpoint: "rerank", dialect: "openai" },
  { method: "POST", path: "/v2/rerank", endpoint: "rerank", dialect: "cohere" },
  { method: "POST", path: "/v1/moderations", endpoint: "moderations", dialect: "openai" },
  { method: "POST", path: "/v1/images/generations", endpoint: "image_generations", dialect: "openai" },
  { method: "POST", path: "/v1/images/edits", endpoint: "image_edits", dialect: "openai" },
  { method: "POST", path: "/v1/audio/speech", endpoint: "speech", dialect: "openai" },
  { method: "POST", path: "/v1/audio/transcriptions", endpoint: "transcriptions", dialect: "openai" },
  { method: "POST", path: "/v1/audio/translations", endpoint: "translations", dialect: "openai" },
  { method: "POST", path: "/v1/embeddings", endpoint: "embeddings", dialect: "openai" },
  { method: "GET", path: "/v1/realtime", endpoint: "realtime", dialect: "openai" },
  ...STORED,
  { method: "GET", path: "/v1/models", endpoint: "models", dialect: "openai" },
  { method: "GET", path: "/v1/models/*", endpoint: "model", dialect: "openai" },
  { method: "POST", path: "/v1/models/*", endpoint: "addressed", dialect: "gemini" },
  { method: "POST", path: "/v1beta/models/*", endpoint: "addressed", dialect: "gemini" },
  { method: "GET", path: "/v1beta/models", endpoint: "models", dialect: "gemini" },
  { method: "GET", path: "/v1beta/models/*", endpoint: "model", dialect: "gemini" },
];

/** Where a mount tells the dialect that the path alone does not. */
const MOUNTED_ONLY: readonly EndpointPath[] = [
  ...(["anthropic", "gemini"] as const).flatMap((dialect): EndpointPath[] => [
    { method: "GET", path: "/v1/models", endpoint: "models", dialect },
    { method: "GET", path: "/v1/models/*", endpoint: "model", dialect },
  ]),
  { method: "POST", path: "/v1/rerank", endpoint: "rerank", dialect: "cohere" },
  ...STORED.filter(({ endpoint }) => endpoint === "files").map(
    (entry): EndpointPath => ({ ...entry, dialect: "anthropic" }),
  ),
];

const VERSION = /^\/v\d+(?:beta)?(?=\/)/;

export interface EndpointAlias extends EndpointPath {
  alias: string;
}

/**
 * Further spellings, for SDKs that are given no more than a base URL: below `/openai`, `/anthropic` and so on what the dialect
 * of that name has, without the version, with a slash at the end. They are looked at when no route is found (see router.ts).
 */
export function endpointAliases(): EndpointAlias[] {
  const known = new Set(AI_ENDPOINTS.map(({ method, path }) => `${method} ${path}`));
  const aliases: EndpointAlias[] = [];
  const add = (entry: EndpointPath, alias: string) => {
    const key = `${entry.method} ${alias}`;
    if (known.has(key)) return;
    known.add(key);
    aliases.push({ ...entry, alias });
  };
  const addBoth = (entry: EndpointPath, alias: string) => {
    add(entry, alias);
    // `*` stands for an empty rest, too.
    if (!alias.endsWith("*")) add(entry, `${alias}/`);
  };
  for (const entry of AI_ENDPOINTS) {
    addBoth(entry, entry.path);
    addBoth(entry, entry.path.replace(VERSION, ""));
  }
  for (const entry of [...AI_ENDPOINTS, ...MOUNTED_ONLY]) {
    // OpenAI's SDK has one base URL for its two APIs.
    const mount = entry.dialect === "openai-responses" ? "openai" : entry.dialect;
    addBoth(entry, `/${mount}${entry.path}`);
    addBoth(entry, `/${mount}${entry.path.replace(VERSION, "")}`);
  }
  return aliases;
}
