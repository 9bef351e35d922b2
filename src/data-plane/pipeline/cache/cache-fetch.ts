import { GatewayError } from "../../../contracts/errors.ts";
import type { AnswerVerdict, AnswerWatcher } from "../rest/answer-watcher.ts";
import { headerOf } from "../rest/response-headers.ts";
import { respondHead } from "../stages/respond.ts";
import { type ForwardReason, forwardParameters, pushCacheStatus } from "./cache-status.ts";
import type { CachedCall } from "./cached-call.ts";
import { isNotModified, isSameTag, notModifiedHeaders } from "./conditions.ts";
import { type Flight, isOwnError } from "./flights.ts";
import { parseHttpDate } from "./http-date.ts";
import {
  type AnswerHead,
  ageHeaderMs,
  freshened,
  isStorable,
  StoredAnswer,
  varyNames,
  withoutConnection,
} from "./stored-answer.ts";

/** For how long nobody waits for anybody at a key whose answer could not be shared. */
const PASS_MS = 10_000;
/** RFC 5861 §4. */
const ERROR_STATUS = new Set([500, 502, 503, 504]);

/** Asks the upstream, for the whole answer or whether the stored one is still good, and stores what may be stored. */
export class CacheFetch implements AnswerWatcher {
  readonly #call: CachedCall;
  readonly #flight: Flight<StoredAnswer> | null;
  readonly #reason: ForwardReason;
  /** The caller's own conditions go on to the upstream: such answers are not kept anyway. */
  readonly #isPassed: boolean;
  #stored: StoredAnswer | null;
  #mark = 0;
  #requestedAtMs = 0;
  /** Of the answer that is being stored. */
  #head: AnswerHead | null = null;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    call: CachedCall,
    stored: StoredAnswer | null,
    flight: Flight<StoredAnswer> | null,
    reason: ForwardReason,
    isPassed: boolean,
  ) {
    this.#call = call;
    this.#stored = stored;
    this.#flight = flight;
    this.#reason = reason;
    this.#isPassed = isPassed;
  }

  get #isHead(): boolean {
    return this.#call.context.exchange.method === "HEAD";
  }

  get #validates(): boolean {
    return this.#stored?.hasValidator === true && !this.#isHead;
  }

  prepareRequest(headers: string[]): void {
    const { runtime, slot } = this.#call;
    this.#requestedAtMs = Date.now();
    this.#mark = runtime.cache.invalidations.count(slot);
    if (this.#isHead || (this.#isPassed && !this.#validates)) return;
    // The caller's conditions are held against what comes: a whole answer is good for others, too.
    for (let i = headers.length - 2; i >= 0; i -= 2) {
      if (headers[i] === "if-none-match" || headers[i] === "if-modified-since") headers.splice(i, 2);
    }
    if (this.#stored === null) return;
    const { etag, lastModified } = this.#stored;
    if (etag !== null) headers.push("if-none-match", etag);
    if (lastModified !== null) headers.push("if-modified-since", lastModified);
  }

  onAnswer(status: number, headers: string[]): AnswerVerdict {
    const call = this.#call;
    const { runtime, key, slot, policy, credentials, directives } = call;
    const { store, maxEntryBytes } = runtime.cache;
    const stored = this.#stored;
    if (this.#isHead) {
      this.#compare(status, headers);
      return "pass";
    }
    if (status === 304 && stored !== null && this.#validates) return this.#revalidated(stored, headers);
    if (ERROR_STATUS.has(status) && call.answerStale(stored)) {
      this.#flight?.end({ kind: "alone" });
      return "taken";
    }
    const head = this.#headOf(status, withoutConnection(headers), headers);
    const { receivedAtMs } = head;
    const length = Number(headerOf(headers, "content-length") ?? 0);
    if (!directives.noStore && isStorable(head, credentials, policy) && length <= maxEntryBytes) this.#head = head;
    else {
      // What has come in its place is not stored, so neither is good any more.
      if (stored !== null && status < 500) store.drop(key, (other) => other === stored);
      this.#flight?.end({ kind: "alone" });
      if (this.#flight !== null && status < 500) store.pass(key, slot, receivedAtMs + PASS_MS);
    }
    return !this.#isPassed && this.#answerNotModified(status, headers, receivedAtMs) ? "taken" : "pass";
  }

  #headOf(status: number, headers: readonly string[], received: readonly string[]): AnswerHead {
    const ageMs = ageHeaderMs(received);
    return { status, headers, ageMs, requestedAtMs: this.#requestedAtMs, receivedAtMs: Date.now() };
  }

  /** The caller has it: its body goes on into the store alone. */
  #answerNotModified(status: number, upstreamHeaders: string[], nowMs: number): boolean {
    const { context, service } = this.#call;
    const etag = headerOf(upstreamHeaders, "etag") ?? null;
    const lastModified = headerOf(upstreamHeaders, "last-modified");
    const lastModifiedMs = lastModified === undefined ? null : parseHttpDate(lastModified, nowMs);
    if (!isNotModified(context.exchange, { status, etag, lastModifiedMs }, nowMs)) return false;
    const headers = service.responseHeaders(notModifiedHeaders(upstreamHeaders), context);
    this.editAnswer(headers);
    respondHead(context, 304, headers, null);
    context.pipeline.finish(context);
    return true;
  }

  #revalidated(stored: StoredAnswer, headers: string[]): AnswerVerdict {
    const call = this.#call;
    const { runtime, key, policy } = call;
    const { store } = runtime.cache;
    const etag = headerOf(headers, "etag");
    if (etag !== undefined && stored.etag !== null && !isSameTag(etag, stored.etag)) {
      // It speaks of something else than what is stored here.
      store.drop(key, (other) => other === stored);
      this.#stored = null;
      return "again";
    }
    const head = this.#headOf(stored.status, freshened(stored.headers, headers), headers);
    const fresh = new StoredAnswer(head, stored.body, stored.varyValues, policy);
    const isKept = isStorable(head, call.credentials, policy) && this.#keep(fresh, (other) => other === stored);
    if (!isKept) store.drop(key, (other) => other === stored);
    this.#flight?.end(isKept ? { kind: "answered", answer: fresh } : { kind: "alone" });
    call.answer(fresh, "revalidated", forwardParameters(this.#reason, isKept, 304));
    return "taken";
  }

  /** RFC 9111 §4.3.5: an answer to HEAD tells when what is stored is another one. */
  #compare(status: number, headers: string[]): void {
    const stored = this.#stored;
    if (stored === null || status !== 200) return;
    const etag = headerOf(headers, "etag") ?? null;
    const lastModified = headerOf(headers, "last-modified") ?? null;
    const length = headerOf(headers, "content-length");
    const isSame =
      etag === stored.etag &&
      lastModified === stored.lastModified &&
      (length === undefined || Number(length) === stored.body.length);
    if (!isSame) this.#call.runtime.cache.store.drop(this.#call.key, (other) => other === stored);
  }

  /** False: it was made invalid while it was on its way. */
  #keep(answer: StoredAnswer, replaces: (other: unknown) => boolean): boolean {
    const { runtime, key, slot, directives } = this.#call;
    const { store, invalidations, maxEntryBytes } = runtime.cache;
    if (directives.noStore || answer.bytes > maxEntryBytes + ENTRY_ALLOWANCE) return false;
    if (invalidations.count(slot) !== this.#mark || answer.isUseless(Date.now())) return false;
    store.put(key, slot, this.#mark, answer, replaces);
    return true;
  }

  editAnswer(headers: string[]): void {
    this.#call.context.cache = "miss";
    pushCacheStatus(headers, "miss", forwardParameters(this.#reason, this.#head !== null));
  }

  onBody(chunk: Buffer): void {
    if (this.#head === null) return;
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#call.runtime.cache.maxEntryBytes) {
      this.#chunks.push(chunk);
      return;
    }
    const { runtime, key, slot } = this.#call;
    this.#head = null;
    this.#chunks = [];
    runtime.cache.store.pass(key, slot, Date.now() + PASS_MS);
    this.#flight?.end({ kind: "alone" });
  }

  onEnd(): void {
    const head = this.#head;
    if (head === null) return;
    this.#head = null;
    const body = copied(this.#chunks, this.#bytes);
    const names = varyNames(head.headers) ?? [];
    const values = names.map((name) => this.#call.requestValue(name));
    const answer = new StoredAnswer(head, body, values, this.#call.policy);
    const isKept = this.#keep(answer, (other) => other instanceof StoredAnswer && isSameVariant(other, answer));
    this.#flight?.end(isKept ? { kind: "answered", answer } : { kind: "alone" });
  }

  onFailure(error: GatewayError): boolean {
    if (!this.#call.answerStale(this.#stored)) return false;
    this.#flight?.end({ kind: "failed", error });
    return true;
  }

  onLost(error: Error): void {
    this.#head = null;
    this.#chunks = [];
    if (error instanceof GatewayError && !isOwnError(error)) this.#flight?.end({ kind: "failed", error });
    else this.#flight?.end({ kind: "left" });
  }
}

/** What is counted beyond body and headers must not keep out what is just short enough. */
const ENTRY_ALLOWANCE = 64 * 1024;

function isSameVariant(one: StoredAnswer, other: StoredAnswer): boolean {
  return (
    String(one.varyNames) === String(other.varyNames) &&
    one.varyValues.every((value, index) => value === other.varyValues[index])
  );
}

/** In memory of its own: pieces of it would hold the buffers of whole connections. */
function copied(chunks: readonly Buffer[], bytes: number): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(body, at);
  return body;
}
