import { GatewayError } from "../../../contracts/errors.ts";
import type { CompiledApplication } from "../compiled.ts";
import type { Context } from "../context.ts";
import type { McpSession, SessionIds, SessionOwner } from "./session-ids.ts";

/** MCP specification 2025-11-25, basic/transports. */
export const SESSION_HEADER = "mcp-session-id";

/** Keys name applications and not people: whoever has another key of the same application may go on with its sessions. */
export function sessionOwner(service: string, application: CompiledApplication | null): SessionOwner {
  return { service, application: application?.id ?? "" };
}

/** The session that the call names; null: none. Throws `session_not_found`. */
export function sessionOf(
  { exchange, application }: Pick<Context, "exchange" | "application">,
  service: string,
  sessions: Pick<SessionIds, "decode">,
): McpSession | null {
  const given = exchange.header(SESSION_HEADER);
  if (given === undefined) return null;
  const session = sessions.decode(sessionOwner(service, application), given);
  if (session !== null) return session;
  throw new GatewayError("session_not_found", "there is no such session of this application here: begin a new one");
}
