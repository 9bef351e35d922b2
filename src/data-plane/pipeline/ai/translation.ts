import type { AnswerContext, TargetModel } from "../../../contracts/dialect.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { DialectName, Usage } from "../../../contracts/ir.ts";
import { type InboundName, inboundDialects, outboundDialects, passthroughs } from "../../../dialects/index.ts";
import { formatEmbeddingResponse, parseEmbeddingRequest } from "../../../dialects/openai/embeddings.ts";
import { editRequest } from "./passthrough-request.ts";

/**
 * The translation of whole bodies, as pure functions of bytes: called in place for small bodies, in the Piscina pool
 * (workers/tasks/translate.ts) for large ones.
 */

export type AiOperation = "chat" | "embeddings";

/** What must be known of a request before a target can be chosen. */
export interface InspectedRequest {
  model: string;
  stream: boolean;
  /** Whether the caller wants usage at the end of its stream, where its dialect leaves that open. */
  includeUsage: boolean;
}

export interface BuiltCall {
  path: string;
  query: string;
  headers: Record<string, string>;
  body: Buffer;
  /** Same dialect on both sides: the answer goes back as it is. */
  passthrough: boolean;
}

export interface CallPlan {
  operation: AiOperation;
  inbound: InboundName;
  outbound: DialectName;
  target: TargetModel;
}

export interface TranslatedAnswer {
  /** Null: the answer goes back as it came. */
  text: string | null;
  usage: Usage | null;
  model: string | null;
}

type JsonObject = Record<string, unknown>;

/** Throws `invalid_json` or `invalid_request`. */
export function parseBody(bytes: Buffer): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString());
  } catch (error) {
    throw new GatewayError("invalid_json", `the request body is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new GatewayError("invalid_request", "the request body must be a JSON object");
  }
  return body as JsonObject;
}

export function inspectRequest(body: Readonly<JsonObject>, inbound: InboundName): InspectedRequest {
  if (typeof body.model !== "string" || body.model === "") {
    throw new GatewayError("invalid_request", "`model` must be a string that names a model", { param: "model" });
  }
  if (body.stream !== undefined && body.stream !== null && typeof body.stream !== "boolean") {
    throw new GatewayError("invalid_request", "`stream` must be true or false", { param: "stream" });
  }
  const options = body.stream_options as { include_usage?: unknown } | null | undefined;
  return {
    model: body.model,
    stream: body.stream === true,
    includeUsage: inbound !== "openai" || options?.include_usage === true,
  };
}

/** The paths of same-dialect calls, relative to the provider's base URL. */
const PASSTHROUGH_PATHS: Record<InboundName, Partial<Record<AiOperation, string>>> = {
  openai: { chat: "/chat/completions", embeddings: "/embeddings" },
  anthropic: { chat: "/messages" },
};

/** Throws `invalid_request` for what the caller got wrong and `unsupported_field` for what the target can't do. */
export function buildCall(bytes: Buffer, body: Readonly<JsonObject>, plan: CallPlan): BuiltCall {
  const { operation, inbound, outbound, target } = plan;
  const path = inbound === outbound ? PASSTHROUGH_PATHS[inbound][operation] : undefined;
  if (path !== undefined) {
    const { stream, includeUsage } = inspectRequest(body, inbound);
    const edited = editRequest(bytes, body, { model: target.model, addUsage: stream && !includeUsage });
    return { path, query: "", headers: {}, body: edited, passthrough: true };
  }
  const call = operation === "chat" ? buildChat(body, plan) : buildEmbeddings(body, plan);
  return { ...call, body: Buffer.from(call.body), passthrough: false };
}

function buildChat(body: Readonly<JsonObject>, plan: CallPlan) {
  const request = inboundDialects[plan.inbound].parseChatRequest(body);
  request.model = plan.target.model;
  // Limits and log want to know, whatever the caller wants to see.
  request.includeUsage = true;
  return outboundDialects[plan.outbound].buildChatCall(request, plan.target);
}

function buildEmbeddings(body: Readonly<JsonObject>, plan: CallPlan) {
  const { embeddings } = outboundDialects[plan.outbound];
  if (embeddings === null) {
    throw new GatewayError("unsupported_field", "this model's provider has no embeddings: choose another model", {
      param: "model",
    });
  }
  return embeddings.buildCall({ ...parseEmbeddingRequest(body), model: plan.target.model }, plan.target);
}

/** Translates a whole good answer, or reads from it what the log needs. Throws `upstream_protocol_error`. */
export function translateAnswer(
  bytes: Buffer,
  requestBody: Readonly<JsonObject> | null,
  plan: CallPlan,
  passthrough: boolean,
  context: AnswerContext,
): TranslatedAnswer {
  const body = parseAnswer(bytes);
  if (passthrough) {
    const { usage, model } = passthroughs[plan.outbound]?.readUsage(body) ?? { usage: null, model: null };
    return { text: null, usage, model };
  }
  if (plan.operation === "chat") {
    const response = outboundDialects[plan.outbound].parseChatResponse(body, plan.target);
    const text = inboundDialects[plan.inbound].formatChatResponse(response, context);
    return { text, usage: response.usage ?? null, model: response.model };
  }
  const response = outboundDialects[plan.outbound].embeddings?.parseResponse(body, plan.target);
  if (response === undefined) throw new GatewayError("upstream_protocol_error", "the provider has no embeddings");
  const encodingFormat = requestBody?.encoding_format === "base64" ? "base64" : "float";
  return {
    text: formatEmbeddingResponse(response, { model: context.model, encodingFormat }),
    usage: response.usage ?? null,
    model: response.model,
  };
}

function parseAnswer(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw new GatewayError("upstream_protocol_error", "the provider's answer is not valid JSON", { cause: error });
  }
}
