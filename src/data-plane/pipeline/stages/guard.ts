import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { TimeoutsSnapshot } from "../../../contracts/snapshot.ts";
import { streamsUpload } from "../ai/upload/streams-upload.ts";
import type { RouteTarget } from "../compiled.ts";
import type { Context, StageOutcome } from "../context.ts";
import type { Stage } from "../pipeline.ts";
import { type CompiledRequestSchema, checkBody, expectsJson } from "../policies/request-schema.ts";

/** Bodies up to this are held whole: one write to the upstream, and a retry can send them again. */
export const HELD_BODY_BYTES = 64 * 1024;

/** The listener's limit holds in any case. */
export function bodyLimitBytes(target: { maxBodyBytes: number | null }, exchange: Exchange): number {
  return Math.min(target.maxBodyBytes ?? exchange.maxBodyBytes, exchange.maxBodyBytes);
}

export function bodyTooLarge(limitBytes: number, bytes: number | null): GatewayError {
  const size = bytes === null ? "is longer" : `has ${bytes} bytes, more`;
  return new GatewayError("body_too_large", `the request body ${size} than the ${limitBytes} bytes allowed here`);
}

/** Of a streamed body whose length nobody has announced: counts the next bytes. False: the call is over, or is now. */
export function admitMore(context: Context, target: { maxBodyBytes: number | null }, bytes: number): boolean {
  if (context.exchange.contentLength >= 0) return true;
  if (context.finished) return false;
  context.requestBytes += bytes;
  const limitBytes = bodyLimitBytes(target, context.exchange);
  if (context.requestBytes <= limitBytes) return true;
  context.pipeline.fail(context, bodyTooLarge(limitBytes, null));
  return false;
}

/** Of an ordinary service: what holds for the whole exchange holds for a body that is still to come. */
export function startClocks(context: Context, { idleMs, totalMs }: TimeoutsSnapshot): void {
  context.exchange.setIdleTimeout(idleMs);
  if (totalMs > 0) context.deadlineMs = context.startedAtMs + totalMs;
}

/** Reads the body whole. Goes on with it unless `check` throws. */
export function holdBody(context: Context, limitBytes: number, check: (body: Buffer) => void): StageOutcome {
  context.exchange.readBody(limitBytes, (body) => {
    if (context.finished) return;
    try {
      if (body === null) throw bodyTooLarge(limitBytes, null);
      context.requestBytes = body.length;
      check(body);
      context.body = body;
    } catch (error) {
      context.pipeline.fail(context, error);
      return;
    }
    context.pipeline.resume(context);
  });
  return "wait";
}

/** A body that is checked is held whole, however long it may be. */
function guardBody(context: Context, schema: CompiledRequestSchema, limitBytes: number): StageOutcome {
  const { exchange } = context;
  if (!expectsJson(exchange)) return "next";
  const longestBytes = Math.min(limitBytes, schema.maxBytes);
  if (exchange.contentLength > longestBytes) throw bodyTooLarge(longestBytes, exchange.contentLength);
  // A signed body has been read.
  if (context.body !== null) {
    if (context.body.length > longestBytes) throw bodyTooLarge(longestBytes, context.body.length);
    checkBody(schema, context.body);
    return "next";
  }
  return holdBody(context, longestBytes, (body) => checkBody(schema, body));
}

/** What goes on as it came. */
function mayStream(target: Exclude<RouteTarget, { kind: "health" }>): boolean {
  return target.kind === "rest" || (target.endpoint === "pass-through" && !target.signsBodies);
}

/**
 * Stage 6. Sizes, and what bodies have to be. Reads the body where the attempt needs it whole; of an ordinary service, one that is larger or of
 * unknown length is streamed.
 */
export function compile(): Stage {
  return (context) => {
    const { target, exchange } = context;
    if (target === null || target.kind === "health") return "next";
    const { contentLength } = exchange;
    const limitBytes = bodyLimitBytes(target, exchange);
    if (contentLength > limitBytes) throw bodyTooLarge(limitBytes, contentLength);
    if (target.kind === "rest") startClocks(context, target.snapshot.upstream.timeouts);
    const { policies } = context;
    if (policies !== null && policies.requestSchema !== null) {
      return guardBody(context, policies.requestSchema, limitBytes);
    }
    // A signed body has been read.
    if (contentLength === 0 || context.body !== null) return "next";
    if (mayStream(target) && (contentLength < 0 || contentLength > HELD_BODY_BYTES)) return "next";
    if (target.kind === "ai" && streamsUpload(target.endpoint, exchange)) return "next";
    exchange.readBody(limitBytes, (body) => {
      if (context.finished) return;
      if (body === null) {
        context.pipeline.fail(context, bodyTooLarge(limitBytes, null));
        return;
      }
      context.requestBytes = body.length;
      context.body = body;
      context.pipeline.resume(context);
    });
    return "wait";
  };
}
