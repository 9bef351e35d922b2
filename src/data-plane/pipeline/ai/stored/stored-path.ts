import { GatewayError } from "../../../../contracts/errors.ts";
import type { StoredEndpoint } from "../../../../contracts/provider-endpoints.ts";

/** What a path asks for. */
export interface StoredPath {
  endpoint: StoredEndpoint;
  /** null: the collection. */
  id: string | null;
  /** What of the object, or what is to be done with it; "": itself. */
  action: "" | "content" | "cancel" | "input_items";
}

const PATH = /\/(files|batches|responses)(?:\/([^/]+))?(?:\/(content|cancel|input_items))?\/?$/;

/** Of a path that has a route, in whichever spelling. */
export function readStoredPath(path: string): StoredPath {
  const [, endpoint, id, action] = PATH.exec(path) ?? [];
  if (endpoint === undefined) throw new GatewayError("route_not_found", `there is nothing at ${path}`);
  return {
    endpoint: endpoint as StoredEndpoint,
    id: id === undefined ? null : decoded(id),
    action: (action ?? "") as StoredPath["action"],
  };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    throw new GatewayError("invalid_request", "the id is not validly percent-encoded", { param: "id" });
  }
}
