import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { Context } from "../context.ts";
import { MAX_MESSAGE_BYTES, readMessage } from "../mcp/message.ts";
import type { SessionIds } from "../mcp/session-ids.ts";
import { sessionOf } from "../mcp/session-of.ts";
import type { Stage } from "../pipeline.ts";
import type { CompiledCors } from "../policies/cors.ts";
import { requireJson } from "../policies/request-schema.ts";
import { bodyLimitBytes, bodyTooLarge, holdBody } from "./guard.ts";

/**
 * Between authenticate and select release, of calls to MCP servers: whose session they are of, and what their message asks for. After
 * authenticate, so that nobody's body is held for strangers; before all that may refuse, so that errors have the request's id.
 * `sessions` null: they are not looked at.
 */
export function compile(sessions: Pick<SessionIds, "decode"> | null): Stage {
  return (context) => {
    const { target, exchange } = context;
    if (target?.kind !== "rest" || target.snapshot.kind !== "mcp") return "next";
    checkOrigin(exchange, context.cors);
    const mcp: NonNullable<Context["mcp"]> = { session: null, message: null };
    context.mcp = mcp;
    if (exchange.method !== "POST") {
      if (sessions !== null) mcp.session = sessionOf(context, target.service.id, sessions);
      return "next";
    }
    const read = (body: Buffer) => {
      mcp.message = readMessage(body);
      if (sessions !== null) mcp.session = sessionOf(context, target.service.id, sessions);
    };
    // A signed body has been read.
    if (context.body !== null) {
      read(context.body);
      return "next";
    }
    checkBody(exchange);
    const limitBytes = Math.min(bodyLimitBytes(target, exchange), MAX_MESSAGE_BYTES);
    if (exchange.contentLength > limitBytes) throw bodyTooLarge(limitBytes, exchange.contentLength);
    return holdBody(context, limitBytes, (body) => {
      // The log has it also when it is refused.
      context.body = body;
      read(body);
    });
  };
}

/** Throws where there can't be a message. */
function checkBody(exchange: Exchange): void {
  if (exchange.contentLength === 0) {
    throw new GatewayError("invalid_request", "POST needs a body: one JSON-RPC message");
  }
  requireJson(exchange, "its message is read here");
}

/**
 * MCP specification 2025-11-25, basic/transports: a page whose host name was made to lead here (DNS rebinding) must get nowhere. Its Host is
 * as false as its Origin, so that neither can vouch for the other: who calls from pages says so in a policy.
 */
export function checkOrigin(exchange: Exchange, cors: CompiledCors | null): void {
  const origin = exchange.header("origin");
  if (origin === undefined || cors?.allows(origin) === true) return;
  throw new GatewayError(
    "origin_not_allowed",
    "pages of this origin may not call the MCP server: a `cors` policy says which may",
  );
}
