import { GatewayError } from "../../contracts/errors.ts";
import { type InboundName, inboundDialects } from "../../dialects/index.ts";
import { formatError as formatJsonRpcError } from "../../dialects/json-rpc/errors.ts";
import type { Context } from "./context.ts";

const PATHS: readonly (readonly [beginning: string, dialect: InboundName])[] = [
  ["/v1/messages", "anthropic"],
  ["/v1/", "openai"],
  ["/v1beta/", "gemini"],
  ["/v2/chat", "cohere"],
  ["/v2/rerank", "cohere"],
  ["/model/", "bedrock"],
  ["/cohere/", "cohere"],
  ["/openai/", "openai"],
  ["/anthropic/", "anthropic"],
  ["/gemini/", "gemini"],
];

const NONE: readonly string[] = [];

/** The body of an error answer, in the dialect the caller speaks. */
export function errorBody(error: GatewayError, path: string, requestId: string, context: Context | null): string {
  if (context?.target?.kind === "ai") return context.target.inbound.formatError(error, requestId);
  if (context?.target?.kind === "rest" && context.target.snapshot.kind === "mcp") {
    return formatJsonRpcError(error, requestId, context.mcp?.message?.id ?? null);
  }
  // No route was found: the path tells which client this may be.
  const dialect = context?.target == null ? PATHS.find(([beginning]) => path.startsWith(beginning))?.[1] : undefined;
  if (dialect !== undefined) return inboundDialects[dialect].formatError(error, requestId);
  return JSON.stringify({
    error: {
      code: error.code,
      message: error.message,
      ...(error.param === null ? {} : { param: error.param }),
      request_id: requestId,
    },
  });
}

export function errorHeaders(error: GatewayError, context: Context): string[] {
  const headers = ["content-type", "application/json"];
  pushRequestId(headers, context);
  headers.push(...context.rateLimitHeaders);
  // Before a release is chosen there is none to speak of.
  if (context.target !== null && context.target.kind !== "health" && context.target.releases === null) {
    headers.push(...context.target.releaseHeaders);
  }
  if (error.retryAfterMs !== null)
    headers.push("retry-after", String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  if (context.target?.kind === "ai") headers.push(...(context.target.inbound.errorHeaders?.(error) ?? NONE));
  if (error.status === 401) headers.push("www-authenticate", 'Bearer realm="tidegate"');
  if (error.code === "method_not_allowed" && context.allowedMethods !== null) {
    headers.push("allow", context.allowedMethods.join(", "));
  }
  if (context.provider !== null) headers.push("x-tidegate-provider", context.provider);
  if (context.attempts > 0) headers.push("x-tidegate-attempts", String(context.attempts));
  return headers;
}

/** The call's id; once more under the name in which Anthropic's and AWS's SDKs look for it. */
export function pushRequestId(headers: string[], { id, target }: Context): void {
  headers.push("x-request-id", id);
  if (target?.kind !== "ai") return;
  if (target.inbound.name === "anthropic") headers.push("request-id", id);
  else if (target.inbound.name === "bedrock") headers.push("x-amzn-requestid", id);
}

export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError("internal_error", "the gateway failed to handle this request", { cause: error });
}
