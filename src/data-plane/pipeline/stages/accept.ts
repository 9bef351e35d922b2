import type { Stage } from "../pipeline.ts";
import type { Runtime } from "../runtime.ts";

/** Stage 1. The engine has parsed and checked the request; from here on it is an accepted call that ends in one record. */
export function compile(runtime: Runtime): Stage {
  return (context) => {
    // Of a chunked body: counted when it comes in.
    context.requestBytes = Math.max(0, context.exchange.contentLength);
    runtime.open.add(context);
    context.exchange.onAborted(() => context.pipeline.abandon(context));
    return "next";
  };
}
