import { ANY_CALL, type CallQuery, CallSearchBusyError } from "../../contracts/call-query.ts";
import type { CallRecord } from "../../contracts/call-record.ts";
import { requestTimeMs } from "../../platform/request-id.ts";
import { type Actor, may, teamsWith } from "../access/actor.ts";
import type { Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import { decodeCursor, encodeCursor, type Page, type PageRequest } from "./pages.ts";
import { isoTime } from "./rows.ts";

export type CallFilter = Omit<CallQuery, "visible" | "id" | "before" | "limit" | "withBodies">;

/** How long a search takes at most. */
const BUSY_RETRY_MS = 15_000;

/** A call as its record has it, without bodies. */
export interface CallView {
  id: string;
  started_at: string;
  queue_ms: number | null;
  first_byte_ms: number | null;
  total_ms: number;
  client_address: string;
  method: string;
  path: string;
  host: string;
  status: number;
  outcome: CallRecord["outcome"];
  error_code: string | null;
  application: string | null;
  team: string | null;
  service: string | null;
  release: number | null;
  route: string | null;
  provider: string | null;
  model_asked: string | null;
  model_served: string | null;
  upstream: string | null;
  attempts: number;
  other_attempts: unknown;
  routed_by: string | null;
  mirror_of: string | null;
  streamed: boolean;
  cache: CallRecord["cache"];
  request_bytes: number;
  response_bytes: number;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_input_tokens: number | null;
  reasoning_tokens: number | null;
  cost_usd: number | null;
  tags: unknown;
  /** Of an MCP server: what was asked for. */
  mcp_method: string | null;
  mcp_tool: string | null;
  mcp_prompt: string | null;
  mcp_resource: string | null;
}

export interface CallWithBodies extends CallView {
  /** Redacted, and cut, as the call log keeps them; null: not kept, or not to be seen. */
  request_body: string | null;
  response_body: string | null;
}

/** Calls of the actor's teams and to their services, as far as this machine has them; newest first. */
export async function listCalls(
  plane: Plane,
  actor: Actor,
  page: PageRequest,
  filter: CallFilter,
): Promise<Page<CallView>> {
  const visible = await visibleTo(plane, actor);
  const before = decodeCallCursor(page.cursor);
  const found = await search(plane, {
    ...filter,
    ...{ visible, before, id: null, limit: page.limit + 1, withBodies: false },
  });
  const shown = found.slice(0, page.limit);
  const last = shown.at(-1);
  const next = found.length > page.limit && last !== undefined ? encodeCallCursor(last) : null;
  return { items: shown.map((record) => viewOf(record, visible)), next_cursor: next };
}

export async function getCall(plane: Plane, actor: Actor, id: string): Promise<CallWithBodies> {
  const visible = await visibleTo(plane, actor);
  const startedAtMs = requestTimeMs(id);
  if (startedAtMs === null) throw notFound();
  // It can't have ended before it began, so older files need not be read.
  const query = { ...ANY_CALL, visible, id, fromMs: startedAtMs, limit: 1, withBodies: true };
  const [record] = await search(plane, query);
  if (record === undefined) throw notFound();
  const maySee = await seesBodies(plane, actor, record);
  return {
    ...viewOf(record, visible),
    request_body: maySee ? record.requestBody : null,
    response_body: maySee ? record.responseBody : null,
  };
}

async function search(plane: Plane, query: CallQuery): Promise<readonly CallRecord[]> {
  try {
    return await plane.searchCalls(query);
  } catch (cause) {
    if (cause instanceof CallSearchBusyError) {
      throw new ProblemError("unavailable", `${cause.message}: try again later`, {
        retryAfterMs: BUSY_RETRY_MS,
        cause,
      });
    }
    if (!(cause instanceof Error) || cause.name !== "AbortError") throw cause;
    const message = "there are too many calls to look through: give `from`, so that less of the log is read";
    throw new ProblemError("unavailable", message, { cause });
  }
}

/** Null: all. A team sees what its applications call, and who calls its services. */
async function visibleTo(plane: Plane, actor: Actor): Promise<CallQuery["visible"]> {
  const teams = teamsWith(actor, "call.read");
  if (teams === "all") return null;
  if (teams.length === 0) return { teams: [], services: [] };
  const rows = await plane.db.selectFrom("services").select("id").where("team_id", "in", teams).execute();
  const others = servicesOfNobody(plane);
  return { teams, services: rows.map(({ id }) => id).filter((id) => !others.has(id)) };
}

/** Calls that name one of these came to the configuration's service, not to one in the database that somebody gave the same id. */
function servicesOfNobody(plane: Plane): ReadonlySet<string> {
  return new Set(plane.configured().services.map(({ id }) => id));
}

/** For those who may in the team of the application, or in that of the service. */
async function seesBodies(plane: Plane, actor: Actor, { team, service }: CallRecord): Promise<boolean> {
  if (may(actor, "call.read_body", team)) return true;
  if (service === null || servicesOfNobody(plane).has(service)) return false;
  const row = await plane.db.selectFrom("services").select("team_id").where("id", "=", service).executeTakeFirst();
  return row !== undefined && may(actor, "call.read_body", row.team_id);
}

function encodeCallCursor({ id, startedAtMs, totalMs }: CallRecord): string {
  return encodeCursor(`${startedAtMs + totalMs} ${id}`);
}

function decodeCallCursor(cursor: string | null): CallQuery["before"] {
  const key = decodeCursor(cursor);
  if (key === null) return null;
  const [, endedAtMs, id] = /^(\d+(?:\.\d+)?) (\S{1,64})$/.exec(key) ?? [];
  if (endedAtMs === undefined || id === undefined) {
    const message = "the cursor is not one of ours: take it from `next_cursor` of the page before";
    throw new ProblemError("invalid_request", message, { errors: [{ path: "cursor", message: "not a cursor" }] });
  }
  return { endedAtMs: Number(endedAtMs), id };
}

/** Where a service's servers are is not its callers' to know; which provider answered, every answer says. */
function viewOf(record: CallRecord, visible: CallQuery["visible"]): CallView {
  const { service, provider } = record;
  const isOfService = visible === null || (service !== null && visible.services.includes(service));
  const showsServers = isOfService || provider !== null;
  return {
    id: record.id,
    started_at: isoTime(record.startedAtMs),
    queue_ms: record.queueMs,
    first_byte_ms: record.firstByteMs,
    total_ms: record.totalMs,
    client_address: record.clientAddress,
    method: record.method,
    path: record.path,
    host: record.host,
    status: record.status,
    outcome: record.outcome,
    error_code: record.errorCode,
    application: record.application,
    team: record.team,
    service: record.service,
    release: record.release,
    route: record.route,
    provider: record.provider,
    model_asked: record.modelAsked,
    model_served: record.modelServed,
    upstream: showsServers ? record.upstream : null,
    attempts: record.attempts,
    other_attempts: showsServers ? jsonOf(record.otherAttempts) : null,
    routed_by: record.routedBy,
    mirror_of: record.mirrorOf,
    streamed: record.streamed,
    cache: record.cache,
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
    input_tokens: record.inputTokens,
    output_tokens: record.outputTokens,
    cached_input_tokens: record.cachedInputTokens,
    reasoning_tokens: record.reasoningTokens,
    cost_usd: record.costUsd,
    tags: jsonOf(record.tags),
    mcp_method: record.mcpMethod,
    mcp_tool: record.mcpTool,
    mcp_prompt: record.mcpPrompt,
    mcp_resource: record.mcpResource,
  };
}

function jsonOf(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}
