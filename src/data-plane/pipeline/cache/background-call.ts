import type { Exchange, ResponseStream } from "../../../contracts/exchange.ts";
import { type CallRunner, Context } from "../context.ts";
import type { Runtime } from "../runtime.ts";

/** The request of a caller that has its answer, to be made once more: without its conditions, and with nobody to answer to. */
class BackgroundExchange implements Exchange {
  readonly method = "GET";
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly scheme: "http" | "https";
  readonly clientAddress: string;
  readonly peerAddress: string;
  readonly clientCertificate = null;
  readonly contentLength = 0;
  readonly maxBodyBytes: number;
  readonly aborted = false;
  readonly rawHeaders: readonly string[];

  constructor(of: Exchange) {
    this.path = of.path;
    this.query = of.query;
    this.host = of.host;
    this.scheme = of.scheme;
    this.clientAddress = of.clientAddress;
    this.peerAddress = of.peerAddress;
    this.maxBodyBytes = of.maxBodyBytes;
    const headers: string[] = [];
    for (let i = 0; i < of.rawHeaders.length; i += 2) {
      const name = of.rawHeaders[i] as string;
      if (name !== "if-none-match" && name !== "if-modified-since") headers.push(name, of.rawHeaders[i + 1] as string);
    }
    this.rawHeaders = headers;
  }

  header(name: string): string | undefined {
    for (let i = 0; i < this.rawHeaders.length; i += 2) if (this.rawHeaders[i] === name) return this.rawHeaders[i + 1];
    return undefined;
  }

  readBody(): void {}
  streamBody(): void {}
  resumeBody(): void {}
  setIdleTimeout(): void {}
  onAborted(): void {}
  respond(): void {}
  respondHead(): void {}
  startStream(): ResponseStream {
    return { write: () => true, onDrain: () => {}, end: () => {} };
  }
  destroy(): void {}
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
  const context = new Context(runner, new BackgroundExchange(of.exchange), of.id, Date.now(), performance.now());
  context.target = of.target;
  context.application = of.application;
  context.subscription = of.subscription;
  context.policies = of.policies;
  context.credentialHeaders = of.credentialHeaders;
  runtime.open.add(context);
  return context;
}
