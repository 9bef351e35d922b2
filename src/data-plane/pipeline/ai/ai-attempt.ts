import type { AnswerContext, StreamFormatter } from "../../../contracts/dialect.ts";
import type { BegunAttempt, DispatchHandler } from "../../../contracts/dispatcher.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { ResponseStream } from "../../../contracts/exchange.ts";
import type { DialectName } from "../../../contracts/ir.ts";
import type { LimitStore } from "../../../contracts/limits.ts";
import { inboundDialects, outboundDialects } from "../../../dialects/index.ts";
import { DecodedAnswer } from "../../../upstream/decoded-answer.ts";
import type { Outage } from "../../provider-keys/key-state.ts";
import type { ProviderKey } from "../../provider-keys/provider-key.ts";
import { asGatewayError } from "../errors.ts";
import { headerOf } from "../rest/response-headers.ts";
import { respondStream } from "../stages/respond.ts";
import type { AiTarget } from "./ai-target.ts";
import { AttemptClock } from "./attempt-clock.ts";
import type { AttemptLoop } from "./attempt-loop.ts";
import { attemptRequest } from "./attempt-request.ts";
import { JsonArrayStream, JsonArrayWriter } from "./json-array-stream.ts";
import { openStream } from "./open-stream.ts";
import { otherFormatter } from "./other-operations.ts";
import { withoutKeys } from "./provider-failed.ts";
import { failureOfBody, providerRefusal } from "./provider-refusal.ts";
import { isRelayed, relayedAnswer } from "./relayed-answer.ts";
import type { OpenedAnswer } from "./rescue/stream-rescue.ts";
import type { StreamAnswer, StreamProgress } from "./stream-answer.ts";
import type { BuiltCall } from "./translation.ts";
import { estimatedTokens, usageWhenLeft } from "./untold-usage.ts";

/** What is read of an error answer. */
const MAX_ERROR_BYTES = 64 * 1024;

/** One attempt of a call at one target: sends it, and tells the call how it went. */
export class AiAttempt implements DispatchHandler {
  readonly target: AiTarget;
  readonly built: BuiltCall;
  /** null: the provider needs none. */
  readonly key: ProviderKey | null;
  /** What the key is tried again for; null: it is as good as any. */
  readonly outage: Outage | null;
  readonly #call: AttemptLoop;
  readonly #dialect: DialectName;
  readonly #startedAt = performance.now();
  #abort: ((reason: Error) => void) | null = null;
  #status = 0;
  #isStream = false;
  /** A whole answer has come where a stream was asked for: what it says of that is kept. */
  #isNoStream = false;
  #headers: string[] = [];
  #limitBytes = 0;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #answer: StreamAnswer | null = null;
  /** Of a stream that the caller wants as an array; null: as events. */
  #elements: JsonArrayWriter | null = null;
  #stream: ResponseStream | null = null;
  #resume: (() => void) | null = null;
  /** When its key's limits were asked; 0: it has none. */
  readonly #reservedAtMs: number;
  #isKeySettled = false;
  /** Told its outcome: nothing that comes after counts. */
  #over = false;
  /** Its stream has come to its end, and its usage is in the call's sums. */
  #hasEnded = false;
  /** What it used is in the call's sums already. */
  isBooked = false;
  /** null: transports look after its timeouts. */
  readonly #clock: AttemptClock | null;
  #tokens = 0;
  /** Of a call whose stream is rescued; null: it has not begun, or goes on with another one's. */
  opened: OpenedAnswer | null = null;
  /** The provider was asked. */
  wasSent = false;

  /** `dialect`: in which the call is made. */
  constructor(call: AttemptLoop, target: AiTarget, dialect: DialectName, built: BuiltCall, key: ProviderKey | null) {
    this.#call = call;
    this.target = target;
    this.#dialect = dialect;
    this.built = built;
    this.key = key;
    this.outage = key === null ? null : key.state.outageFor(target.target.model);
    this.#reservedAtMs = key === null || key.limits.length === 0 ? 0 : Date.now();
    this.#clock = target.isTimed ? new AttemptClock(target.timeouts, (error) => this.#fail(error)) : null;
  }

  /** `begun`: the native hot path has sent it already. `token`: to be sent in the place of a key. */
  dispatch(begun: BegunAttempt | null, token: string | null): void {
    const { target } = this;
    target.load.began();
    this.wasSent = true;
    this.#clock?.start(this.#call.request.stream);
    const handler = new DecodedAnswer(this);
    if (begun !== null) {
      begun.adopt(handler);
      return;
    }
    const { context, route } = this.#call;
    const request = attemptRequest(this, this.#dialect, context.exchange, route.askedFirstByteMs, token);
    target.dispatcher.dispatch(request, handler);
  }

  abort(reason: Error): void {
    this.#abort?.(reason);
  }

  /** Another attempt answers: this one is ended, and says nothing more. */
  cancel(): void {
    this.#over = true;
    this.#clock?.stop();
    this.#abort?.(new Error("another target was faster"));
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Some of its answer went to the caller. */
  get hasCommitted(): boolean {
    return this.#stream !== null;
  }

  /** Its stream; null: none has come. */
  get answer(): StreamAnswer | null {
    return this.#answer;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** It says nothing of its key any more: the next call may be the one that tries it. */
  releaseKey(): void {
    if (this.outage !== null) this.outage.isProbed = false;
  }

  /** Once: what it used of its key's limits. Where nothing is told of it, the estimate stands. */
  settleKey(limits: LimitStore, usedTokens: number): void {
    const { key } = this;
    if (key === null || key.limits.length === 0 || this.#isKeySettled) return;
    this.#isKeySettled = true;
    const { context } = this.#call;
    key.settle(limits, estimatedTokens(context), usedTokens, this.#reservedAtMs);
  }

  // --- what the provider says ---

  onStart(abort: (reason: Error) => void): void {
    this.#abort = abort;
    if (this.#over || this.#call.context.finished) abort(new Error("the call is over"));
  }

  onHeaders(status: number, headers: string[], resume: () => void): boolean {
    if (this.#over || this.#call.context.finished) return true;
    this.#status = status;
    this.#headers = headers;
    this.#resume = resume;
    const streamType = outboundDialects[this.#dialect].framing?.contentType ?? "text/event-stream";
    const isStream = headerOf(headers, "content-type")?.startsWith(streamType) === true;
    if (status >= 400) return true;
    // Of a stream its first token counts: heads of such answers come before there is anything to say.
    this.#isStream = isStream;
    if (!isStream) this.target.load.answered(this.elapsedMs);
    if (isRelayed(this.#call.operation)) this.#relay(headers);
    else if (this.#call.request.stream && isStream) this.#answer = this.#openStream();
    else if (this.#call.request.stream) this.#isNoStream = true;
    else this.#limitBytes = this.#call.maxResponseBytes;
    return true;
  }

  #relay(headers: readonly string[]): void {
    this.#limitBytes = this.#call.maxResponseBytes;
    try {
      this.#answer = relayedAnswer(headers);
    } catch (error) {
      this.#fail(error as GatewayError);
    }
  }

  /** What the provider says that its answer is. */
  get answerType(): string {
    return headerOf(this.#headers, "content-type") ?? "application/octet-stream";
  }

  #openStream(): StreamAnswer {
    const { rescue, address } = this.#call;
    const events = openStream(this.#call, this, this.#dialect);
    if (address?.framing !== "json-array") return events;
    // Where another attempt goes on, it goes on in the same array.
    this.#elements = (rescue?.isBroken === true ? rescue.elements : null) ?? new JsonArrayWriter();
    if (this.opened !== null) this.opened.elements = this.#elements;
    return new JsonArrayStream(events, this.#elements);
  }

  answerContext(includeUsage: boolean): AnswerContext {
    const { echo } = this.built;
    const context = { model: this.target.target.model, requestId: this.#call.context.id, includeUsage };
    return echo === undefined ? context : { ...context, echo };
  }

  onData(chunk: Buffer): boolean {
    try {
      return this.#take(chunk);
    } catch (error) {
      this.#fail(asGatewayError(error));
      return true;
    }
  }

  #take(chunk: Buffer): boolean {
    if (this.#over || this.#call.context.finished) return true;
    if (this.#answer !== null) return this.#forward(this.#answer.push(chunk));
    if (this.#status >= 400 || this.#isNoStream) {
      this.#keepError(chunk);
      return true;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limitBytes) {
      this.#fail(
        new GatewayError(
          "upstream_response_too_large",
          `the provider's answer is longer than ${this.#limitBytes} bytes`,
        ),
      );
      return true;
    }
    this.#chunks.push(chunk);
    return true;
  }

  /** The beginning of it, however it was cut on its way. */
  #keepError(chunk: Buffer): void {
    const kept = chunk.subarray(0, MAX_ERROR_BYTES - this.#bytes);
    this.#bytes += kept.length;
    if (kept.length > 0) this.#chunks.push(kept);
  }

  onComplete(): void {
    this.#released();
    if (this.#over || this.#call.context.finished) {
      this.#left();
      return;
    }
    try {
      this.#complete();
    } catch (error) {
      // Whatever went wrong: other calls of this worker have nothing to do with it.
      this.#call.context.pipeline.fail(this.#call.context, error);
    }
  }

  #complete(): void {
    if (this.#answer !== null) {
      this.#forward(this.#answer.end());
      if (!this.#over) this.#endStream();
      return;
    }
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    if (this.#isNoStream) {
      this.#fail(
        failureOfBody(this.#dialect, body) ?? protocolError("the provider did not answer with an event stream"),
      );
      return;
    }
    this.#over = true;
    this.#clock?.stop();
    if (this.#status >= 400) this.#call.failed(this, this.#providerError(body));
    else this.#call.answered(this, this.#status, body);
  }

  onError(error: Error): void {
    this.#released();
    if (this.#over || this.#call.context.finished) {
      this.#left();
      return;
    }
    this.#fail(error instanceof GatewayError ? error : protocolError(error.message));
  }

  /** The caller is gone. Once the target was judged, its circuit belongs to other calls. */
  #left(): void {
    if (!this.#over && this.#stream === null) this.#call.left(this);
  }

  #providerError(body: Buffer): GatewayError {
    const header = (name: string) => headerOf(this.#headers, name);
    return withoutKeys(this.target, providerRefusal(this.#dialect, this.#status, header, body));
  }

  // --- streams ---

  /** False: wait for the caller to take what it was given. */
  #forward(progress: StreamProgress): boolean {
    if (progress.committed && this.#stream === null) this.#commit();
    let ready = true;
    if (progress.output.length > 0 && this.#stream !== null) {
      this.#call.lookup?.push(progress.output);
      ready = this.#stream.write(progress.output);
    }
    if (this.#clock !== null) this.#noteTokens(this.#clock, ready);
    if (progress.failure !== null) {
      this.#fail(progress.failure);
      return true;
    }
    return ready;
  }

  #noteTokens(clock: AttemptClock, ready: boolean): void {
    const tokens = this.#answer?.tokens ?? 0;
    if (tokens !== this.#tokens) clock.token();
    this.#tokens = tokens;
    if (!ready) clock.pause();
  }

  /** From here on the answer is this attempt's; where streams are not rescued, nothing is retried any more. */
  #commit(): void {
    const { context, rescue } = this.#call;
    if (this.#isStream) this.target.load.answered(this.elapsedMs);
    this.#call.committed(this);
    if (rescue !== null && rescue.stream !== null) {
      this.#stream = rescue.stream;
      const lacks = rescue.goesOn();
      if (lacks.length === 0) return;
      this.#call.lookup?.push(lacks);
      this.#stream.write(lacks);
      return;
    }
    context.streamed = true;
    const isRelay = isRelayed(this.#call.operation);
    const headers = this.#call.answerHeaders(this, isRelay ? this.answerType : this.#call.contentType);
    headers.push("cache-control", "no-cache", "x-accel-buffering", "no");
    const stream = respondStream(context, this.#status, headers, null);
    this.#stream = stream;
    if (rescue !== null) {
      rescue.stream = stream;
      if (this.opened !== null) rescue.begins(this.opened);
    }
    const call = this.#call;
    context.noteBeforeFinish(() => call.answering?.noteUsageWhenLeft());
    // SDKs may close at the end marker, without waiting for the end of the body.
    context.isWhole = () => call.answering?.isWhole === true;
    stream.onDrain(() => call.answering?.drained());
    // In the middle of sound there is no way to tell an error: the connection is cut.
    if (isRelay && !this.answerType.startsWith("text/event-stream")) return;
    context.endWithError = (error) => call.answering?.endWithError(stream, error);
  }

  get isWhole(): boolean {
    return this.#answer?.ended === true && this.#answer.usage !== null;
  }

  /** The caller has taken what it was given. */
  drained(): void {
    this.#clock?.resume();
    this.#resume?.();
  }

  endWithError(stream: ResponseStream, error: GatewayError): void {
    const { inbound, context } = this.#call;
    const { formatStreamError } = inboundDialects[inbound];
    const text = this.#answer?.fail(error) ?? formatStreamError(error, context.id, this.#answer?.events);
    const elements = this.#elements;
    stream.write(elements === null ? text : elements.write(text) + elements.close());
    stream.end();
  }

  #endStream(): void {
    if (this.#stream === null) {
      this.#fail(protocolError("the provider's stream held no answer"));
      return;
    }
    this.#over = true;
    this.#clock?.stop();
    this.#noteUsage();
    this.#call.lookup?.end(this.#status);
    this.#call.streamed();
    this.#stream.end();
  }

  /** Of an answer that has come to its end. */
  #noteUsage(): void {
    if (this.#answer === null || this.isBooked) return;
    this.#hasEnded = true;
    this.#call.used(this, this.#answer.usage, this.#answer.model);
  }

  /** Of one that has not, when the call is over. */
  noteUsageWhenLeft(): void {
    const answer = this.#answer;
    if (answer === null || this.isBooked || this.#hasEnded) return;
    const usage = isRelayed(this.#call.operation) ? answer.usage : usageWhenLeft(this.#call.context, answer);
    this.#call.used(this, usage, answer.model);
  }

  #fail(error: GatewayError): void {
    if (this.#over) return;
    this.#over = true;
    this.#clock?.stop();
    if (!this.#completed(error)) this.#call.failed(this, withoutKeys(this.target, error));
    this.#abort?.(error);
  }

  /** Of a stream that is rescued, and lacks nothing but its end: ends it. */
  #completed(error: GatewayError): boolean {
    const { rescue, context } = this.#call;
    if (rescue === null || this.#stream === null || error.source !== "upstream" || context.finished) return false;
    const rest = this.#answer?.complete?.(() => rescue.counting(this.createFormatter())) ?? null;
    if (rest === null) return false;
    this.#call.lookup?.push(rest);
    this.#stream.write(rest);
    this.#call.completed();
    this.#endStream();
    return true;
  }

  createFormatter(): StreamFormatter {
    const { inbound, operation, request } = this.#call;
    const context = this.answerContext(request.includeUsage);
    return otherFormatter(operation, context) ?? inboundDialects[inbound].createStreamFormatter(context);
  }

  #released(): void {
    this.#abort = null;
    this.#clock?.stop();
    this.target.load.ended();
  }
}

function protocolError(message: string): GatewayError {
  return new GatewayError("upstream_protocol_error", message);
}
