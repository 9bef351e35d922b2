import type { CallAddress } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";

const PATH = /^\/model\/(.+)\/(converse|converse-stream|count-tokens)$/;

/**
 * The path of a call to `/model/{modelId}/converse`, `…/converse-stream` or `…/count-tokens`. AWS's clients encode the slashes of a name; plain
 * ones are taken as well.
 *
 * Throws GatewayError: `invalid_request` for a name that can't be read, `route_not_found` for another operation.
 */
export function readAddress(path: string): CallAddress {
  const [, name, method] = PATH.exec(path) ?? [];
  if (name === undefined || method === undefined) {
    throw new GatewayError(
      "route_not_found",
      "there is no such operation of a model: use POST /model/{modelId}/converse, …/converse-stream or …/count-tokens",
    );
  }
  const operation = method === "count-tokens" ? "count_tokens" : "chat";
  return { operation, model: decoded(name), stream: method === "converse-stream", method, framing: "events" };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new GatewayError("invalid_request", "the model name is not validly percent-encoded", { param: "modelId" });
  }
}
