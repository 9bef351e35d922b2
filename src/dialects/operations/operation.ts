import type {
  AnswerContext,
  CallAddress,
  ProviderCall,
  StreamFormatter,
  TargetModel,
} from "../../contracts/dialect.ts";
import type { DialectName, Usage } from "../../contracts/ir.ts";
import type { ProviderEndpoint } from "../../contracts/provider-endpoints.ts";
import type { JsonObject } from "../checks.ts";

/** One call at one target: who asks in which dialect, and where the target has the endpoint. */
export interface OperationPlan {
  inbound: DialectName;
  outbound: DialectName;
  target: TargetModel;
  address?: CallAddress;
}

export interface OperationCall extends ProviderCall {
  /** The answer goes back as it comes. */
  passthrough: boolean;
  /** What the answer needs of the request. */
  echo?: Record<string, unknown>;
}

export interface OperationAnswer {
  /** JSON text. */
  text: string;
  usage: Usage | null;
}

/**
 * An endpoint beside chats and embeddings: how a caller's request becomes a provider's, and the answer the caller's. Pure.
 * Providers that have it in the caller's own form are not asked by way of this.
 */
export interface Operation {
  /** Throws `invalid_request` for what the caller got wrong, `unsupported_field` for what the target can't do. */
  build(body: Readonly<JsonObject>, plan: OperationPlan, endpoint: ProviderEndpoint | undefined): OperationCall;
  /** Throws `upstream_protocol_error`. */
  translate(
    answer: unknown,
    plan: OperationPlan,
    context: AnswerContext,
    endpoint: ProviderEndpoint | undefined,
  ): OperationAnswer;
  /** Of answers that are streamed event by event. Absent: there are none that have to be translated. */
  createStreamFormatter?(context: AnswerContext): StreamFormatter;
}

export const JSON_HEADERS = { "content-type": "application/json", accept: "application/json" };

/** The endpoint's path for a model. */
export function pathFor({ path }: ProviderEndpoint, model: string): string {
  return path.includes("{model}") ? path.replace("{model}", encodeURIComponent(model)) : path;
}
