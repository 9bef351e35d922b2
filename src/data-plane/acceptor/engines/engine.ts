import type { Handover } from "../../../../native-bindings/engine.ts";
import type { ErrorCode } from "../../../contracts/errors.ts";
import type { Exchange, ExchangeHandler } from "../../../contracts/exchange.ts";

/** Why an engine does not let a request in. */
export interface Refusal {
  code: ErrorCode;
  status: number;
  message: string;
}

export interface ListenerEvents {
  onExchange: ExchangeHandler;
  /** A call that the native hot path has begun and gives up. */
  onHandover(exchange: Exchange, handover: Handover): void;
  /** A request that no stage will see. Returns the body of the answer, JSON. */
  onRefused(path: string, refusal: Refusal): string;
}

/** One listening socket of one worker, whatever engine is behind it. */
export interface EngineListener {
  /** Resolves with the URL of the listener (its real port where 0 was asked for). */
  listen(): Promise<string>;
  /** Connections that are there get `connection: close` with their next answer. */
  stopAccepting(): void;
  /** Cuts every connection. */
  close(): void;
  /** Open connections, idle ones included. */
  readonly connections: number;
}
