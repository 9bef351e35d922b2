import type { Exchange, ResponseStream } from "../../contracts/exchange.ts";

/** A request without a client: it looks like one to the stages, its body never comes, and answers go nowhere. */
export class DetachedExchange implements Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly scheme: "http" | "https";
  readonly clientAddress: string;
  readonly peerAddress: string;
  readonly contentLength: number;
  readonly maxBodyBytes: number;
  readonly aborted = false;
  readonly clientCertificate = null;
  readonly rawHeaders: readonly string[];

  constructor(request: DetachedRequest) {
    this.method = request.method;
    this.path = request.path;
    this.query = request.query;
    this.host = request.host;
    this.scheme = request.scheme;
    this.clientAddress = request.clientAddress;
    this.peerAddress = request.peerAddress;
    this.contentLength = request.contentLength;
    this.maxBodyBytes = request.maxBodyBytes;
    this.rawHeaders = request.rawHeaders;
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

export type DetachedRequest = Pick<
  Exchange,
  | "method"
  | "path"
  | "query"
  | "host"
  | "scheme"
  | "clientAddress"
  | "peerAddress"
  | "contentLength"
  | "maxBodyBytes"
  | "rawHeaders"
>;
