import { GatewayError } from "../../../../contracts/errors.ts";
import type { ModelMirrorSnapshot } from "../../../../contracts/model-routing.ts";
import { type CallRunner, Context } from "../../context.ts";
import { DetachedExchange } from "../../detached-exchange.ts";
import { asGatewayError } from "../../errors.ts";
import { MIRROR_HEADER } from "../../rest/request-mirror.ts";
import type { Runtime } from "../../runtime.ts";
import { recordOf } from "../../stages/log.ts";
import type { Destination } from "./route-selector.ts";

/** Of one mirror, in one worker: a mirror that is slow must cost neither memory nor connections without end. */
const MAX_IN_FLIGHT = 64;
const MAX_BYTES_IN_FLIGHT = 8 * 1024 ** 2;
/** Whole answers are held until they are read; nobody wants a longer one enough. */
export const MAX_COPY_ANSWER_BYTES = 2 * 1024 ** 2;

/**
 * Copies of a model route's calls at other targets. A copy is a call of its own, without a client: it is translated, sent and
 * understood as any other, counts with nobody's limits, is not looked up in the cache, and has a record that names the call
 * it is of. Whatever becomes of it, that call goes its own way.
 */
export class ModelMirror {
  readonly destination: Destination;
  readonly snapshot: ModelMirrorSnapshot;
  readonly #runtime: Runtime;
  #inFlight = 0;
  #bytesInFlight = 0;

  constructor(snapshot: ModelMirrorSnapshot, destination: Destination, runtime: Runtime) {
    this.snapshot = snapshot;
    this.destination = destination;
    this.#runtime = runtime;
  }

  /**
   * Makes a copy, unless chance says otherwise or too many are under way. `start` makes the call; it is called in a later turn,
   * when the call itself is on its way. Never throws.
   */
  copy(of: Context, body: Buffer, start: (copy: Context) => void): void {
    const { percent, timeoutMs } = this.snapshot;
    if (of.mirrorOf !== null || of.exchange.header(MIRROR_HEADER) !== undefined) return;
    if (percent < 100 && Math.random() * 100 >= percent) return;
    const bytes = body.length;
    if (this.#inFlight >= MAX_IN_FLIGHT || this.#bytesInFlight + bytes > MAX_BYTES_IN_FLIGHT) {
      this.#runtime.metrics.mirrored(serviceOf(of), "left_out");
      return;
    }
    this.#inFlight++;
    this.#bytesInFlight += bytes;
    const copy = copyOf(of, body, (context) => {
      clearTimeout(timer);
      this.#inFlight--;
      this.#bytesInFlight -= bytes;
      this.#ended(context);
    });
    const timer = setTimeout(() => {
      copy.pipeline.fail(
        copy,
        new GatewayError("upstream_total_timeout", "the copy took longer than its mirror allows"),
      );
    }, timeoutMs);
    timer.unref();
    setImmediate(() => {
      try {
        start(copy);
      } catch (error) {
        copy.pipeline.fail(copy, error);
      }
    });
  }

  #ended(copy: Context): void {
    const { metrics, callLog, worker, logger } = this.#runtime;
    metrics.mirrored(serviceOf(copy), copy.error === null ? "answered" : "failed");
    metrics.used(copy);
    try {
      callLog.append(recordOf(copy, performance.now() - copy.startedAt, worker, false));
    } catch (error) {
      logger.error({ err: error, requestId: copy.id }, "a copy of a call could not be logged");
    }
  }
}

function serviceOf({ target }: Context): string {
  return target?.kind === "ai" ? target.service.id : "";
}

/** The caller's, as far as targets and log want to know. */
function copyOf(of: Context, body: Buffer, onEnd: (copy: Context) => void): Context {
  const finish = (context: Context): void => {
    if (context.finished) return;
    if (context.beforeFinish !== null) for (const note of context.beforeFinish) note();
    context.finished = true;
    onEnd(context);
  };
  const fail = (context: Context, cause: unknown): void => {
    if (context.finished) return;
    const error = asGatewayError(cause);
    context.error = error;
    context.outcome = context.responseStarted && error.source === "upstream" ? "upstream_cut" : "error";
    if (!context.responseStarted) context.status = error.status;
    finish(context);
    context.abortAttempt?.(error);
  };
  const runner: CallRunner = {
    snapshot: of.pipeline.snapshot,
    resume() {},
    fail,
    abandon: (context) => fail(context, new GatewayError("client_closed_request", "the copy is not wanted any more")),
    finish,
  };
  const copy = new Context(runner, withoutHints(of), `${of.id}-mirror`, Date.now(), performance.now());
  copy.mirrorOf = of.id;
  copy.target = of.target;
  copy.application = of.application;
  copy.subscription = of.subscription;
  copy.body = body;
  copy.requestBytes = body.length;
  return copy;
}

function withoutHints({ exchange }: Context): DetachedExchange {
  const rawHeaders: string[] = [];
  for (let i = 0; i < exchange.rawHeaders.length; i += 2) {
    const name = exchange.rawHeaders[i] as string;
    if (!name.startsWith("x-tidegate-")) rawHeaders.push(name, exchange.rawHeaders[i + 1] as string);
  }
  const { method, path, query, host, scheme, clientAddress, peerAddress, contentLength, maxBodyBytes } = exchange;
  const request = { method, path, query, host, scheme, clientAddress, peerAddress, contentLength, maxBodyBytes };
  return new DetachedExchange({ ...request, rawHeaders });
}
