import type { Duplex } from "node:stream";
import {
  BEFORE_NAME,
  BEFORE_VALUE,
  BETWEEN,
  type ExchangeEvents,
  type ExchangeHandle,
  type NativeEngine,
  splitFields,
} from "../../../../../native-bindings/engine.ts";
import type { Exchange, ForwardedCertificate, ResponseStream } from "../../../../contracts/exchange.ts";
import type { ClientCertificateSnapshot } from "../../../../contracts/snapshot.ts";
import type { ClientAddressResolver } from "../../client-address.ts";

import { NativeTunnel } from "./native-tunnel.ts";

/** Shared by all exchanges of a listener. */
export interface NativeListenerPolicy {
  readonly engine: NativeEngine;
  readonly addresses: ClientAddressResolver;
  readonly clientCertificate: ClientCertificateSnapshot | null;
  readonly maxBodyBytes: number;
}

/** A request of the native engine. The head is one text; what nobody asks for is not taken out of it. */
export class NativeExchange implements Exchange, ExchangeEvents, ResponseStream {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly peerAddress: string;
  readonly scheme: "http" | "https";
  readonly clientAddress: string;
  readonly clientCertificate: ForwardedCertificate | null;
  readonly contentLength: number;
  readonly maxBodyBytes: number;
  readonly handle: ExchangeHandle;
  aborted = false;
  /** Fields, from the first BEFORE_NAME on. */
  readonly #fields: string;
  readonly #beyondAscii: boolean;
  readonly #engine: NativeEngine;
  #rawHeaders: string[] | null = null;
  #over = false;
  #abortCallback: (() => void) | null = null;
  #wholeCallback: ((body: Buffer | null) => void) | null = null;
  #onChunk: ((chunk: Buffer) => boolean) | null = null;
  #onBodyEnd: (() => void) | null = null;
  #onDrain: (() => void) | null = null;

  constructor(
    policy: NativeListenerPolicy,
    handle: ExchangeHandle,
    head: string,
    contentLength: number,
    beyondAscii: boolean,
  ) {
    this.#engine = policy.engine;
    this.handle = handle;
    this.contentLength = contentLength;
    this.maxBodyBytes = policy.maxBodyBytes;
    this.#beyondAscii = beyondAscii;
    const fields = head.indexOf(BEFORE_NAME);
    const line = fields < 0 ? head : head.slice(0, fields);
    this.#fields = fields < 0 ? "" : head.slice(fields);
    const [method = "", path = "", query = "", host = "", peerAddress = ""] = line.split(BETWEEN);
    this.method = method;
    this.path = path;
    this.query = query;
    this.host = host;
    this.peerAddress = peerAddress;
    const caller = policy.addresses.isTrusted(peerAddress)
      ? policy.addresses.resolve(peerAddress, {
          forwarded: this.#joined("forwarded"),
          forwardedFor: this.#joined("x-forwarded-for"),
          forwardedProto: this.#joined("x-forwarded-proto"),
        })
      : null;
    this.scheme = caller?.scheme ?? "http";
    this.clientAddress = caller?.address ?? peerAddress;
    const { clientCertificate } = policy;
    const certificate =
      caller === null || clientCertificate === null ? undefined : this.#joined(clientCertificate.header);
    this.clientCertificate =
      certificate === undefined || clientCertificate === null
        ? null
        : { format: clientCertificate.format, value: certificate };
  }

  get rawHeaders(): readonly string[] {
    this.#rawHeaders ??= this.#beyondAscii ? splitFields(this.#fields).map(decoded) : splitFields(this.#fields);
    return this.#rawHeaders;
  }

  header(name: string): string | undefined {
    const found = this.#fields.indexOf(`${BEFORE_NAME}${name}${BEFORE_VALUE}`);
    if (found < 0) return undefined;
    const from = found + name.length + 2;
    const to = this.#fields.indexOf(BEFORE_NAME, from);
    const value = to < 0 ? this.#fields.slice(from) : this.#fields.slice(from, to);
    return this.#beyondAscii ? decoded(value) : value;
  }

  /** Several fields of one name are one list (RFC 9110 §5.3). */
  #joined(name: string): string | undefined {
    if (!this.#fields.includes(`${BEFORE_NAME}${name}${BEFORE_VALUE}`)) return undefined;
    const values: string[] = [];
    const all = this.rawHeaders;
    for (let i = 0; i < all.length; i += 2) if (all[i] === name) values.push(all[i + 1] as string);
    return values.join(", ");
  }

  setIdleTimeout(ms: number): void {
    this.#engine.addon.setIdleTimeout(this.#engine.handle, this.handle, ms);
  }

  // --- request body ---

  readBody(limitBytes: number, callback: (body: Buffer | null) => void): void {
    this.#wholeCallback = callback;
    this.#engine.addon.readBody(this.#engine.handle, this.handle, limitBytes);
  }

  streamBody(onChunk: (chunk: Buffer) => boolean, onEnd: () => void): void {
    this.#onChunk = onChunk;
    this.#onBodyEnd = onEnd;
    this.#engine.addon.streamBody(this.#engine.handle, this.handle);
  }

  resumeBody(): void {
    this.#engine.addon.resumeBody(this.#engine.handle, this.handle);
  }

  onWholeBody(length: number, bytes: Buffer | undefined, tooLong: boolean): void {
    const callback = this.#wholeCallback;
    this.#wholeCallback = null;
    callback?.(tooLong ? null : this.#owned(length, bytes));
  }

  onBodyChunk(length: number, bytes: Buffer | undefined): boolean {
    return this.#onChunk?.(this.#owned(length, bytes)) ?? true;
  }

  onBodyEnd(): void {
    this.#onBodyEnd?.();
  }

  #owned(length: number, bytes: Buffer | undefined): Buffer {
    return bytes ?? Buffer.from(this.#engine.scratch.subarray(0, length));
  }

  // --- the client ---

  /** The contract's registration and the engine's event have one name: told apart by the argument. */
  onAborted(callback?: () => void): void {
    if (callback !== undefined) {
      this.#abortCallback = callback;
      return;
    }
    this.aborted = true;
    this.#over = true;
    this.#wholeCallback = null;
    this.#onChunk = null;
    this.#onBodyEnd = null;
    this.#abortCallback?.();
  }

  // --- response ---

  respond(status: number, headers: readonly string[], body: Buffer | string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#engine.addon.respond(this.#engine.handle, this.handle, status, fieldLines(headers), body);
  }

  respondHead(status: number, headers: readonly string[], contentLength: number | null): void {
    if (this.#over) return;
    this.#over = true;
    const length = contentLength ?? -1;
    this.#engine.addon.respondHead(this.#engine.handle, this.handle, status, fieldLines(headers), length);
  }

  startStream(status: number, headers: readonly string[], contentLength: number | null): ResponseStream {
    if (this.#over) return DISCARDING_STREAM;
    const length = contentLength ?? -1;
    this.#engine.addon.startStream(this.#engine.handle, this.handle, status, fieldLines(headers), length);
    return this;
  }

  inform(status: number, headers: readonly string[]): void {
    if (this.#over) return;
    this.#engine.addon.inform(this.#engine.handle, this.handle, status, fieldLines(headers));
  }

  detach(): Duplex {
    const tunnel = new NativeTunnel(this);
    if (this.#over) {
      tunnel.destroy();
      return tunnel;
    }
    this.#engine.addon.beginTunnel(this.#engine.handle, this.handle);
    // What is under way when the client leaves ends with the stream.
    const told = this.#abortCallback;
    this.#abortCallback = () => {
      told?.();
      tunnel.left();
    };
    return tunnel;
  }

  write(chunk: Buffer | string): boolean {
    if (this.#over) return true;
    return this.#engine.addon.writeStream(this.#engine.handle, this.handle, chunk);
  }

  onDrain(callback?: () => void): void {
    if (callback !== undefined) this.#onDrain = callback;
    else this.#onDrain?.();
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#engine.addon.endStream(this.#engine.handle, this.handle);
  }

  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#engine.addon.destroyExchange(this.#engine.handle, this.handle);
  }
}

/** Lines as they are sent. Values come from parsers that refuse CR and LF, or from ourselves. */
function fieldLines(headers: readonly string[]): string {
  let lines = "";
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return lines;
}

/** Bytes beyond ASCII are UTF-8 where they can be, and latin1 where not. */
function decoded(value: string): string {
  const bytes = Buffer.from(value, "latin1");
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? value : text;
}

/** Stands in for the response of a client that has gone. */
const DISCARDING_STREAM: ResponseStream = {
  write: () => true,
  onDrain: () => {},
  end: () => {},
};
