import type { ModelEndpoint } from "../../../contracts/provider-endpoints.ts";
import type { AiOperation } from "./translation.ts";

/** Endpoints beside chats and embeddings. */
export function isOther(operation: AiOperation): operation is ModelEndpoint {
  return operation !== "chat" && operation !== "embeddings";
}
