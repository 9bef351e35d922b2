import { GatewayError } from "../../../contracts/errors.ts";
import { formatStreamError } from "../../../dialects/json-rpc/errors.ts";
import { neverSent } from "../../../upstream/retry.ts";
import type { RouteTarget } from "../compiled.ts";
import type { Context } from "../context.ts";
import type { AnswerVerdict, AnswerWatcher } from "../rest/answer-watcher.ts";
import type { AnswerFilter, Forwarding } from "../rest/forwarding.ts";
import { headerOf } from "../rest/response-headers.ts";
import { RestCall } from "../rest/rest-call.ts";
import type { RestService, RestTarget } from "../rest/rest-service.ts";
import type { Runtime } from "../runtime.ts";
import { ListedTools, StreamedTools } from "./listed-tools.ts";
import { isRepeatable } from "./message.ts";
import { type McpSession, targetTag } from "./session-ids.ts";
import { SESSION_HEADER, sessionOwner } from "./session-of.ts";

type Route = Extract<RouteTarget, { kind: "rest" }>;

/** A name that the stream gives its events: with one, a client that is cut off can go on from there. */
const EVENT_ID = "id:";

/** A call to an MCP server over Streamable HTTP: forwarded like any other, to the target that has the session. */
export class McpCall implements AnswerWatcher, Forwarding {
  readonly pinnedTarget: number;
  readonly isRepeatable: boolean;
  filter: AnswerFilter | null = null;
  readonly #context: Context;
  readonly #service: RestService;
  readonly #route: Route;
  readonly #runtime: Runtime;
  readonly #session: McpSession | null;
  /** Whether what comes may be a list of tools, of which some are not for the caller. */
  readonly #mayList: boolean;
  #target: RestTarget | null = null;
  /** The answer is a stream whose events have ids. */
  #isResumable = false;

  /** Throws `session_not_found` for a session whose target is no more. */
  constructor(context: Context, service: RestService, route: Route, runtime: Runtime) {
    const { mcp, exchange, toolAccess } = context;
    this.#context = context;
    this.#service = service;
    this.#route = route;
    this.#runtime = runtime;
    this.#session = mcp?.session ?? null;
    const message = mcp?.message ?? null;
    this.isRepeatable = message !== null && isRepeatable(message);
    // A stream of the server's own may give again what an earlier one has lost.
    this.#mayList = toolAccess !== null && (exchange.method === "GET" || message?.method === "tools/list");
    this.pinnedTarget = -1;
    if (this.#session !== null) {
      const { target } = this.#session;
      this.pinnedTarget = service.targets.findIndex(({ url }) => targetTag(url) === target);
      if (this.pinnedTarget < 0) throw sessionGone();
    }
  }

  start(): void {
    new RestCall(this.#context, this.#service, this.#route, this.#runtime, this, this).start();
  }

  // --- how it is forwarded ---

  pathAt({ endpoint }: RestTarget): string {
    return endpoint;
  }

  onTarget(index: number): void {
    this.#target = this.#service.targets[index] ?? null;
  }

  prepareRequest(headers: string[]): void {
    for (let i = headers.length - 2; i >= 0; i -= 2) {
      if (headers[i] === SESSION_HEADER) {
        if (this.#session === null) headers.splice(i, 2);
        else headers[i + 1] = this.#session.id;
      } else if (this.#mayList && headers[i] === "accept-encoding") headers.splice(i, 2);
    }
  }

  // --- what comes back ---

  onAnswer(status: number, headers: string[]): AnswerVerdict {
    const context = this.#context;
    const { method } = context.exchange;
    const type = headerOf(headers, "content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    const isStream = type === "text/event-stream";
    context.streamed = isStream;
    if (this.#mayList && status >= 200 && status < 300) {
      const filter = this.#filterOf(type, headers);
      if (filter instanceof GatewayError) {
        context.pipeline.fail(context, filter);
        return "taken";
      }
      this.filter = filter;
    }
    if (isStream && method === "GET" && status === 200) this.#keepOpen();
    return "pass";
  }

  /** null: there is nothing to look through. */
  #filterOf(type: string, headers: readonly string[]): AnswerFilter | GatewayError | null {
    const { toolAccess } = this.#context;
    if (toolAccess === null || headerOf(headers, "content-length") === "0") return null;
    const coding = headerOf(headers, "content-encoding")?.toLowerCase() ?? "identity";
    if (coding === "identity" && type === "text/event-stream") return new StreamedTools(toolAccess);
    if (coding === "identity" && type === "application/json") return new ListedTools(toolAccess);
    // An answer without a body, 202, says no type.
    if (type === "") return null;
    const what = coding === "identity" ? type : `${type}, ${coding}`;
    const message = `the MCP server answered with ${what.slice(0, 100)}: its list of tools can't be looked through`;
    return new GatewayError("upstream_protocol_error", message);
  }

  /** A stream that the server speaks by for as long as the client listens: who leaves misses nothing, and who may not call any more is sent away. */
  #keepOpen(): void {
    const context = this.#context;
    const { eventStreams } = this.#runtime;
    context.isWhole = () => true;
    eventStreams.add(context);
    context.noteBeforeFinish(() => eventStreams.delete(context));
  }

  editAnswer(headers: string[]): void {
    for (let i = headers.length - 2; i >= 0; i -= 2) {
      if (headers[i] !== SESSION_HEADER) continue;
      const given = this.#given(headers[i + 1] as string);
      if (given === null) headers.splice(i, 2);
      else headers[i + 1] = given;
    }
  }

  /** The server's session as the caller is to name it; null: the server's id is none. */
  #given(id: string): string | null {
    if (this.#target === null) return null;
    const { snapshot } = this.#service;
    const session = { id, target: targetTag(this.#target.url), release: snapshot.release };
    return this.#runtime.sessionIds.encode(sessionOwner(snapshot.id, this.#context.application), session);
  }

  onBody(chunk: Buffer): void {
    if (this.#context.streamed && !this.#isResumable) this.#isResumable = chunk.includes(EVENT_ID);
  }

  onEnd(): void {}

  /** A target that can't be reached has lost its sessions: the client is to begin a new one, elsewhere. */
  onFailure(error: GatewayError): boolean {
    if (this.#session === null || !(neverSent(error) || error.code === "upstream_unavailable")) return false;
    this.#context.pipeline.fail(this.#context, sessionGone());
    return true;
  }

  onLost(): void {}

  /** A client that can go on with the stream is not told that its request has failed. */
  lastWords(error: GatewayError): string | null {
    const { mcp, streamed, id, exchange } = this.#context;
    const requestId = mcp?.message?.id ?? null;
    if (!streamed || this.#isResumable || exchange.method !== "POST" || requestId === null) return null;
    // What may be left of an event comes to its end first.
    return `\n\n${formatStreamError(error, id, requestId)}`;
  }
}

function sessionGone(): GatewayError {
  return new GatewayError("session_not_found", "the MCP server that had this session is gone: begin a new one");
}
