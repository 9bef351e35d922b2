import type {
  ExchangeEvents,
  ExchangeHandle,
  Handover,
  NativeEngine,
  ListenerEvents as NativeEvents,
  RequestRefusal,
} from "../../../../../native-bindings/engine.ts";
import type { ListenerSnapshot } from "../../../../contracts/snapshot.ts";
import { hostPort } from "../../../../platform/host-port.ts";
import { createClientAddressResolver } from "../../client-address.ts";
import type { EngineListener, ListenerEvents } from "../engine.ts";
import { NativeExchange, type NativeListenerPolicy } from "./native-exchange.ts";
import { describeRefusal } from "./refusals.ts";

/** One listening socket of one worker in the native engine. Several workers listen on the same port (SO_REUSEPORT). */
export class NativeListener implements EngineListener, NativeEvents {
  readonly #snapshot: ListenerSnapshot;
  readonly #events: ListenerEvents;
  readonly #engine: NativeEngine;
  readonly #policy: NativeListenerPolicy;
  #id = -1;

  constructor(snapshot: ListenerSnapshot, events: ListenerEvents, engine: NativeEngine) {
    this.#snapshot = snapshot;
    this.#events = events;
    this.#engine = engine;
    this.#policy = {
      engine,
      addresses: createClientAddressResolver(snapshot.trustedProxies),
      clientCertificate: snapshot.clientCertificate,
      maxBodyBytes: snapshot.maxBodyBytes,
    };
  }

  get connections(): number {
    return this.#id < 0 ? 0 : this.#engine.addon.connections(this.#engine.handle, this.#id);
  }

  async listen(): Promise<string> {
    const { host, port, maxHeaderBytes, maxBodyBytes, timeouts } = this.#snapshot;
    try {
      const listener = this.#engine.listen(
        {
          host,
          port,
          headBytes: maxHeaderBytes,
          targetBytes: Math.min(maxHeaderBytes, MAX_TARGET_BYTES),
          maxBodyBytes,
          idleTimeoutMs: timeouts.keepAliveMs,
          headTimeoutMs: timeouts.headMs,
          minBodyBytesPerSecond: timeouts.minBodyBytesPerSecond,
        },
        this,
      );
      this.#id = listener.id;
      this.#engine.addon.governorProxies(this.#engine.handle, listener.id, this.#snapshot.trustedProxies);
      return `http://${hostPort(host, listener.port)}`;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`can't listen on ${hostPort(host, port)}: ${reason}`);
    }
  }

  stopAccepting(): void {
    if (this.#id >= 0) this.#engine.addon.stopAccepting(this.#engine.handle, this.#id);
  }

  close(): void {
    if (this.#id >= 0) this.#engine.addon.closeListener(this.#engine.handle, this.#id);
  }

  // --- what the engine tells ---

  onRequest(handle: ExchangeHandle, head: string, contentLength: number, beyondAscii: boolean): ExchangeEvents {
    return new NativeExchange(this.#policy, handle, head, contentLength, beyondAscii);
  }

  onReady(exchange: ExchangeEvents): void {
    this.#events.onExchange(exchange as NativeExchange);
  }

  onHandover(exchange: ExchangeEvents, handover: Handover): void {
    this.#events.onHandover(exchange as NativeExchange, handover);
  }

  onRefused(path: string, refusal: RequestRefusal): string {
    return this.#events.onRefused(path, describeRefusal(refusal, this.#snapshot.maxHeaderBytes));
  }

  onTimedOut(path: string): string {
    return this.#events.onRefused(path, {
      code: "request_timeout",
      status: 408,
      message: "the request did not arrive in time: send it whole, or faster",
    });
  }
}

/** What a request target may have at most. Browsers and proxies rarely go beyond 8 KiB. */
const MAX_TARGET_BYTES = 16 * 1024;
