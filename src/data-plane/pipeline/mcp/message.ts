import { GatewayError } from "../../../contracts/errors.ts";
import { scanTopLevel, skipSpace, type ValueSpan } from "../ai/top-level-fields.ts";

/** What is to be known of a JSON-RPC message to an MCP server: which may be a request, a notification, or an answer to the server's own. */
export interface McpMessage {
  /** Of a request: as JSON text. Null: it wants no answer. */
  id: string | null;
  /** Null: it is an answer. */
  method: string | null;
  tool: string | null;
  prompt: string | null;
  /** The whole URI. */
  resource: string | null;
}

/** As long as the messages that the official SDKs' servers take. Held whole, and parsed where all calls are waiting. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Longer ids are not repeated in errors. */
const MAX_ID_LENGTH = 1_024;
const OPEN_BRACKET = 0x5b;

const FIELDS = ["jsonrpc", "id", "method", "params"];

/** Where a method says what it is about: MCP specification 2025-11-25, schema. */
const SUBJECTS: Readonly<Record<string, { field: "name" | "uri"; is: "tool" | "prompt" | "resource" }>> = {
  "tools/call": { field: "name", is: "tool" },
  "prompts/get": { field: "name", is: "prompt" },
  "resources/read": { field: "uri", is: "resource" },
  "resources/subscribe": { field: "uri", is: "resource" },
  "resources/unsubscribe": { field: "uri", is: "resource" },
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Throws `invalid_json` and `invalid_request`. What rules are applied to has to be what the server reads: a field that is there twice
 * or in other letters as well, of which parsers differ in the one they take (RFC 8259 §4), is refused.
 */
export function readMessage(body: Buffer): McpMessage {
  const value = parsed(body);
  // One character per byte: names are found without decoding what is between them.
  const text = body.toString("latin1");
  if (text.charCodeAt(skipSpace(text, 0)) === OPEN_BRACKET) {
    throw new GatewayError(
      "invalid_request",
      "one JSON-RPC message at a time: batches are of protocol version 2025-03-26 alone, and are not taken",
    );
  }
  const spans = scanTopLevel(text, FIELDS);
  if (spans === null || typeof value !== "object" || value === null || hasLookAlike(value, FIELDS)) {
    throw new GatewayError(
      "invalid_request",
      "the body is no JSON-RPC message: an object with `jsonrpc`, `id`, `method` and `params`, each at most once",
    );
  }
  const [, idSpan = null, , paramsSpan = null] = spans;
  const { id, method, params } = value as { id?: unknown; method?: unknown; params?: unknown };
  if (method !== undefined && typeof method !== "string") {
    throw new GatewayError("invalid_request", "`method` must be a text", { param: "method" });
  }
  const read: McpMessage = {
    id: method === undefined ? null : idText(id, body, idSpan),
    method: method ?? null,
    tool: null,
    prompt: null,
    resource: null,
  };
  const subject = method !== undefined && Object.hasOwn(SUBJECTS, method) ? SUBJECTS[method] : undefined;
  if (subject !== undefined) read[subject.is] = subjectOf(subject.field, params, text, paramsSpan);
  return read;
}

/** Whether a name differs from one of these in its letters' case alone, as Go's `encoding/json` has it: `ſ` is an `s`, too. */
function hasLookAlike(value: object, names: readonly string[]): boolean {
  return Object.keys(value).some((key) => !names.includes(key) && names.includes(key.toUpperCase().toLowerCase()));
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw new GatewayError("invalid_json", "the request body is not JSON in UTF-8");
  }
}

function idText(id: unknown, body: Buffer, span: ValueSpan | null): string | null {
  if (id === undefined || id === null || span === null) return null;
  if (typeof id !== "string" && typeof id !== "number") {
    throw new GatewayError("invalid_request", "`id` must be a text or a number", { param: "id" });
  }
  return span.end - span.start > MAX_ID_LENGTH ? null : body.toString("utf8", span.start, span.end);
}

function subjectOf(field: "name" | "uri", params: unknown, text: string, span: ValueSpan | null): string {
  const value: unknown = typeof params === "object" && params !== null ? Reflect.get(params, field) : undefined;
  const isOnce =
    span !== null &&
    scanTopLevel(text.slice(span.start, span.end), [field]) !== null &&
    !hasLookAlike(params as object, [field]);
  if (isOnce && typeof value === "string") return value;
  throw new GatewayError("invalid_request", `\`params.${field}\` must be there once, as a text`, {
    param: `params.${field}`,
  });
}

/**
 * Methods that only look: asked twice, they do no more than asked once. `initialize` begins a session that nobody goes on with.
 */
const REPEATABLE = new Set([
  "initialize",
  "ping",
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
]);

export function isRepeatable({ method }: McpMessage): boolean {
  return method !== null && REPEATABLE.has(method);
}
