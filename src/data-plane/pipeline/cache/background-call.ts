import type { Exchange } from "../../../contracts/exchange.ts";
import { type CallRunner, Context } from "../context.ts";
import { DetachedExchange } from "../detached-exchange.ts";
import type { Runtime } from "../runtime.ts";

/** The request of a caller that has its answer, to be made once more: without its conditions. */
function repeated(of: Exchange): DetachedExchange {
  const rawHeaders: string[] = [];
  for (let i = 0; i < of.rawHeaders.length; i += 2) {
    const name = of.rawHeaders[i] as string;
    if (name !== "if-none-match" && name !== "if-modified-since") rawHeaders.push(name, of.rawHeaders[i + 1] as string);
  }
  const { path, query, host, scheme, clientAddress, peerAddress, maxBodyBytes } = of;
  const request = {
    method: "GET",
    path,
    query,
    host,
    scheme,
    clientAddress,
    peerAddress,
    contentLength: 0,
    maxBodyBytes,
  };
  return new DetachedExchange({ ...request, rawHeaders });
}

/** No call of anybody's: it has no record and counts with no limits, but deadlines and draining hold. */
export function backgroundContext(of: Context, runtime: Runtime): Context {
  const finish = (context: Context): void => {
    context.finished = true;
    runtime.open.delete(context);
  };
  const fail = (context: Context, error: unknown): void => {
    if (context.finished) return;
    finish(context);
    context.abortAttempt?.(error instanceof Error ? error : new Error(String(error)));
  };
  const runner: CallRunner = {
    snapshot: of.pipeline.snapshot,
    resume() {},
    fail,
    abandon: (context) => fail(context, new Error("the call is over")),
    finish,
  };
  const context = new Context(runner, repeated(of.exchange), of.id, Date.now(), performance.now());
  context.target = of.target;
  context.application = of.application;
  context.subscription = of.subscription;
  context.policies = of.policies;
  context.credentialHeaders = of.credentialHeaders;
  runtime.open.add(context);
  return context;
}
