import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Relay } from "../../../src/data-plane/pipeline/realtime/relay.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Long enough for the one that answers, whatever else runs. */
const PING_MS = 500;
const servers: WebSocketServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
});

/** As of an engine that can't pause its WebSockets. */
function unstoppable(socket: WebSocket): WebSocket {
  socket.pause = () => {};
  return socket;
}

it("ends with a caller that can't be paused and sends more than the provider takes", async () => {
  const caller = await peer({ autoPong: true });
  const provider = await peer({ autoPong: true });
  provider.peer.pause();
  const closed: unknown[] = [];
  const observer = { onMessage() {}, onClosed: (by: string, code: number) => closed.push([by, code]) };
  new Relay(unstoppable(caller.ours), provider.ours, observer, 60_000);
  const over = once(caller.peer, "close") as Promise<[number, Buffer]>;
  const piece = Buffer.alloc(4 * 1024 * 1024);
  let sent = 0;
  for (; sent < 40 && caller.peer.readyState === caller.peer.OPEN; sent++) {
    await new Promise((resolve) => caller.peer.send(piece, resolve));
  }
  const [code, reason] = await over;
  expect([code, reason.toString()]).toEqual([1008, "more is sent than the provider takes"]);
  await waitFor(() => closed.length > 0, "the relay to be over");
  expect(closed).toEqual([["caller", 1008]]);
  expect(sent).toBeLessThan(40);
  provider.peer.resume();
});

/** A peer, and the gateway's end of the connection to it. */
async function peer(options: { autoPong: boolean }): Promise<{ peer: WebSocket; ours: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  servers.push(server);
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[WebSocket]>;
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options);
  const [[ours]] = await Promise.all([accepted, once(socket, "open")]);
  return { peer: socket, ours };
}

it.each(["caller", "provider"] as const)(
  "gives up a %s that answers no ping, and tells the other side",
  async (silent) => {
    const caller = await peer({ autoPong: silent !== "caller" });
    const provider = await peer({ autoPong: silent !== "provider" });
    const closed: unknown[] = [];
    const observer = { onMessage() {}, onClosed: (by: string, code: number) => closed.push([by, code]) };
    new Relay(caller.ours, provider.ours, observer, PING_MS);
    const other = silent === "caller" ? provider.peer : caller.peer;
    expect((await once(other, "close"))[0]).toBe(1011);
    expect(closed).toEqual([[silent, 1006]]);
  },
);
