import { GatewayError } from "../../../contracts/errors.ts";
import type { Stage } from "../pipeline.ts";

/** Bodies up to this are held whole: one write to the upstream, and a retry can send them again. */
export const HELD_BODY_BYTES = 64 * 1024;

/** Stage 6. Sizes. Reads the body where the attempt needs it whole; a larger one of an ordinary service is streamed. */
export function compile(): Stage {
  return (context) => {
    const { target, exchange } = context;
    if (target === null || target.kind === "health") return "next";
    // The listener's limit holds in any case.
    const limitBytes = Math.min(target.maxBodyBytes ?? exchange.maxBodyBytes, exchange.maxBodyBytes);
    if (exchange.contentLength > limitBytes) {
      throw new GatewayError(
        "body_too_large",
        `the request body has ${exchange.contentLength} bytes, more than the ${limitBytes} allowed here`,
      );
    }
    if (exchange.contentLength === 0) return "next";
    if (target.kind === "rest" && exchange.contentLength > HELD_BODY_BYTES) return "next";
    exchange.readBody(limitBytes, (body) => {
      context.body = body;
      context.pipeline.resume(context);
    });
    return "wait";
  };
}
