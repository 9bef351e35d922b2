import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { Duplex } from "node:stream";
import type { ClientOptions, WebSocket } from "ws";
import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import { MAX_MESSAGE_BYTES, type WebSocketPeer } from "../../../contracts/web-socket.ts";

type Library = typeof import("ws");
let loaded: Library | null = null;

/** Loaded with the first call that needs it. */
function library(): Library {
  loaded ??= createRequire(import.meta.url)("ws") as Library;
  return loaded;
}

/** How a browser sends a key: it can set no header (OpenAI's Realtime API has the name). */
const KEY_PROTOCOL = "openai-insecure-api-key.";
const KEY = /^[+/0-9A-Za-z]{22}==$/;

export function isUpgrade(exchange: Exchange): boolean {
  return exchange.header("upgrade")?.toLowerCase() === "websocket";
}

/** Throws where the request does not ask for a WebSocket in the way of RFC 6455 §4.2.1. */
export function checkUpgrade(exchange: Exchange): void {
  const wrong = faultOf(exchange);
  if (wrong !== null) throw new GatewayError("invalid_request", `this is a WebSocket endpoint: ${wrong}`);
}

function faultOf(exchange: Exchange): string | null {
  if (!isUpgrade(exchange)) return "send `Upgrade: websocket`, as WebSocket clients do";
  if (!hasToken(exchange.header("connection"), "upgrade")) return "`Connection: Upgrade` is missing";
  if (exchange.header("sec-websocket-version") !== "13") return "`Sec-WebSocket-Version` has to be 13";
  if (!KEY.test(exchange.header("sec-websocket-key") ?? "")) return "`Sec-WebSocket-Key` is missing or malformed";
  return exchange.contentLength === 0 ? null : "the request must have no body";
}

function hasToken(value: string | undefined, token: string): boolean {
  return value?.split(",").some((one) => one.trim().toLowerCase() === token) ?? false;
}

/** What the caller offers, without a key that is among it. */
export function offeredProtocols(exchange: Exchange): string[] {
  const all = exchange.header("sec-websocket-protocol")?.split(",") ?? [];
  return all.map((one) => one.trim()).filter((one) => one !== "" && !one.startsWith(KEY_PROTOCOL));
}

/** The key that a browser has sent as a protocol. */
export function keyOfProtocols(exchange: Exchange): string | null {
  const all = exchange.header("sec-websocket-protocol")?.split(",") ?? [];
  const found = all.map((one) => one.trim()).find((one) => one.startsWith(KEY_PROTOCOL));
  return found === undefined ? null : found.slice(KEY_PROTOCOL.length);
}

/** Accepts the caller's WebSocket. `protocol` "": none. Once `checkUpgrade` has passed, and where the engine can. */
export function acceptWebSocket(exchange: Exchange, protocol: string, onOpen: (accepted: WebSocketPeer) => void): void {
  if (exchange.acceptWebSocket !== undefined) exchange.acceptWebSocket(protocol, onOpen);
  else if (exchange.detach !== undefined) acceptOn(exchange.detach(), exchange, protocol, onOpen);
}

/** Whether the engine that has the call can do that. */
export function canAccept({ acceptWebSocket: own, detach }: Exchange): boolean {
  return own !== undefined || detach !== undefined;
}

function acceptOn(
  socket: Duplex,
  exchange: Exchange,
  protocol: string,
  onOpen: (accepted: WebSocketPeer) => void,
): void {
  const { WebSocketServer } = library();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: () => (protocol === "" ? false : protocol),
  });
  const headers: Record<string, string> = {};
  for (const name of ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version"])
    headers[name] = exchange.header(name) ?? "";
  const offered = offeredProtocols(exchange);
  if (offered.length > 0) headers["sec-websocket-protocol"] = offered.join(", ");
  const request = { method: exchange.method, headers, url: exchange.path, socket } as unknown as IncomingMessage;
  server.handleUpgrade(request, socket, Buffer.alloc(0), onOpen);
}

/** What became of an attempt to reach a provider's WebSocket. */
export interface DialEvents {
  onOpen(): void;
  /** It answered as HTTP servers do. */
  onRefused(status: number, headers: IncomingMessage["headers"], body: Buffer): void;
  onError(error: Error): void;
}

const MAX_ERROR_BYTES = 64 * 1024;

/** `headers`: names and values, alternating. */
export function dial(
  url: string,
  protocols: string[],
  headers: readonly string[],
  timeoutMs: number,
  events: DialEvents,
): WebSocket {
  const { WebSocket } = library();
  const options: ClientOptions = {
    headers: headerObject(headers),
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    followRedirects: false,
    ...(timeoutMs === 0 ? {} : { handshakeTimeout: timeoutMs }),
  };
  const socket = new WebSocket(url, protocols, options);
  let isTold = false;
  const tell = (say: () => void) => {
    if (isTold) return;
    isTold = true;
    say();
  };
  socket.on("open", () => tell(() => events.onOpen()));
  socket.on("error", (error: Error) => tell(() => events.onError(error)));
  socket.on("close", () => tell(() => events.onError(new Error("the provider closed the connection"))));
  socket.on("unexpected-response", (_request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_ERROR_BYTES) chunks.push(chunk);
      else response.destroy();
    });
    response.once("close", () => {
      tell(() => events.onRefused(response.statusCode ?? 502, response.headers, Buffer.concat(chunks)));
      socket.terminate();
    });
  });
  return socket;
}

function headerObject(headers: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) object[headers[i] as string] = headers[i + 1] as string;
  return object;
}
