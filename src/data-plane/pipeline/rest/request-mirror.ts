import type { Dispatcher, DispatchHandler } from "../../../contracts/dispatcher.ts";
import type { MirrorSnapshot } from "../../../contracts/policies.ts";
import type { ServiceSnapshot } from "../../../contracts/snapshot.ts";
import type { RouteTarget } from "../compiled.ts";
import type { Context } from "../context.ts";
import type { Runtime } from "../runtime.ts";
import { placeOf, type RestService } from "./rest-service.ts";

/** Of one mirror, in one worker: a mirror that is slow must cost neither memory nor connections without end. */
const MAX_IN_FLIGHT = 64;
const MAX_BYTES_IN_FLIGHT = 8 * 1024 ** 2;
/** Of an answer nobody reads; more of it is not worth the connection. */
const MAX_ANSWER_BYTES = 64 * 1024;

export const MIRROR_HEADER = "x-tidegate-mirror";

type Route = Extract<RouteTarget, { kind: "rest" }>;

/** Where copies of requests go. Whatever becomes of them, the call they are of goes its own way. */
export class RequestMirror {
  readonly #mirror: MirrorSnapshot;
  readonly #runtime: Runtime;
  readonly #place: ReturnType<typeof placeOf>;
  readonly #dispatcher: Dispatcher;
  #inFlight = 0;
  #bytesInFlight = 0;

  constructor(mirror: MirrorSnapshot, runtime: Runtime) {
    this.#mirror = mirror;
    this.#runtime = runtime;
    this.#place = placeOf(mirror.url);
    const { origin } = this.#place;
    this.#dispatcher = runtime.dispatchers.get({ origin, connectTimeoutMs: mirror.timeoutMs, caFile: null });
  }

  /** Sends a copy, unless chance says otherwise, too many are under way, or the body is not held whole. Never throws. */
  send(context: Context, service: RestService, route: Route): void {
    // A mirror that leads back to this gateway must not copy its own copies.
    if (context.exchange.header(MIRROR_HEADER) !== undefined) return;
    const { percent } = this.#mirror;
    if (percent < 100 && Math.random() * 100 >= percent) return;
    const { id } = service.snapshot;
    const bytes = context.body?.length ?? 0;
    const isHeld = context.body !== null || context.exchange.contentLength === 0;
    if (!isHeld || this.#inFlight >= MAX_IN_FLIGHT || this.#bytesInFlight + bytes > MAX_BYTES_IN_FLIGHT) {
      this.#runtime.metrics.mirrored(id, "left_out");
      return;
    }
    this.#inFlight++;
    this.#bytesInFlight += bytes;
    const copy = new MirroredCall(this.#mirror.timeoutMs, (good) => {
      this.#inFlight--;
      this.#bytesInFlight -= bytes;
      this.#runtime.metrics.mirrored(id, good ? "answered" : "failed");
    });
    try {
      this.#dispatch(context, service, route, copy);
    } catch (error) {
      copy.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #dispatch(context: Context, service: RestService, route: Route, copy: MirroredCall): void {
    const { exchange, body, id, credentialHeaders } = context;
    const { origin, authority, pathPrefix } = this.#place;
    const { timeoutMs } = this.#mirror;
    const headers = service.requestHeaders(exchange, id, authority, credentialHeaders);
    headers.push(MIRROR_HEADER, service.snapshot.id);
    if (body !== null) headers.push("content-length", String(body.length));
    const path = exchange.path === "*" ? "*" : pathPrefix + route.rewritePath(exchange.path);
    this.#dispatcher.dispatch(
      {
        origin,
        path: exchange.query === "" ? path : `${path}?${exchange.query}`,
        method: exchange.method,
        headers,
        body,
        connectTimeoutMs: timeoutMs,
        firstByteTimeoutMs: timeoutMs,
        idleTimeoutMs: timeoutMs,
      },
      copy,
    );
  }
}

const TOO_LONG = new Error("the mirror took too long");

/** Reads the answer and drops it, so that the connection can be used again. */
class MirroredCall implements DispatchHandler {
  readonly #timer: NodeJS.Timeout;
  readonly #onOver: (good: boolean) => void;
  #abort: ((reason: Error) => void) | null = null;
  #bytes = 0;
  #isLate = false;
  #isOver = false;

  constructor(timeoutMs: number, onOver: (good: boolean) => void) {
    this.#onOver = onOver;
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.#abort?.(TOO_LONG);
    }, timeoutMs);
    this.#timer.unref();
  }

  onStart(abort: (reason: Error) => void): void {
    this.#abort = abort;
    if (this.#isLate) abort(TOO_LONG);
  }

  onHeaders(): boolean {
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_ANSWER_BYTES) this.#abort?.(new Error("the mirror's answer is not read to its end"));
    return true;
  }

  onComplete(): void {
    this.#over(true);
  }

  onError(_error: Error): void {
    // One that said more than anybody reads has answered.
    this.#over(this.#bytes > MAX_ANSWER_BYTES);
  }

  #over(good: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#onOver(good);
  }
}

/** All mirrors of a service, so that their connections are there when they are wanted. */
export function compileMirrors(service: ServiceSnapshot, runtime: Runtime): [MirrorSnapshot, RequestMirror][] {
  return mirrorsOf(service).map((mirror) => [mirror, new RequestMirror(mirror, runtime)]);
}

function mirrorsOf({ policies, routes }: ServiceSnapshot): MirrorSnapshot[] {
  return [policies, ...routes.map((route) => route.policies)].flatMap((one) => one?.mirror ?? []);
}
