import type { CallAddress } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import { modelOfPath } from "../model-path.ts";

/** The methods that callers may use, and what each asks for. */
const METHODS: ReadonlyMap<string, Pick<CallAddress, "operation" | "stream">> = new Map([
  ["generateContent", { operation: "chat", stream: false }],
  ["streamGenerateContent", { operation: "chat", stream: true }],
  ["embedContent", { operation: "embeddings", stream: false }],
  ["batchEmbedContents", { operation: "embeddings", stream: false }],
  ["countTokens", { operation: "count_tokens", stream: false }],
]);

/**
 * Path and query of a call to `…/models/{model}:{method}` (Google AIP-136). The model is what stands between, its slashes
 * plain or escaped: `models/openai/gpt-5:generateContent`. A model's own name may hold a colon: the last one counts.
 *
 * Without `alt=sse` a stream is one JSON array that grows, as Google's own is.
 *
 * Throws GatewayError: `invalid_request` for what can't be read, `route_not_found` for a method that there is not.
 */
export function readAddress(path: string, query: string): CallAddress {
  const name = modelOfPath(path);
  const colon = name.lastIndexOf(":");
  const method = METHODS.get(name.slice(colon + 1));
  if (colon <= 0 || method === undefined) {
    throw new GatewayError(
      "route_not_found",
      `there is no such method of a model: use POST …/models/{model}: with one of ${[...METHODS.keys()].join(", ")}`,
    );
  }
  return {
    ...method,
    model: name.slice(0, colon),
    method: name.slice(colon + 1),
    framing: method.stream && !asksForEvents(query) ? "json-array" : "events",
  };
}

function asksForEvents(query: string): boolean {
  return query !== "" && new URLSearchParams(query).get("alt") === "sse";
}
