import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ListenerSnapshot } from "../../../src/contracts/snapshot.ts";
import type { WebSocketPeer } from "../../../src/contracts/web-socket.ts";
import { UwsListener } from "../../../src/data-plane/acceptor/engines/uws/listener.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** WebSockets of uWebSockets.js, as a listener counts them: a gateway that drains waits for connections that are open. */

const SNAPSHOT: ListenerSnapshot = {
  host: "127.0.0.1",
  port: 0,
  engine: "uws",
  tls: null,
  trustedProxies: [],
  clientCertificate: null,
  maxHeaderBytes: 16_384,
  maxBodyBytes: 1_000_000,
  timeouts: { keepAliveMs: 60_000, headMs: 10_000, minBodyBytesPerSecond: 0 },
};

let listener: UwsListener;
let url: string;
let accepted: WebSocketPeer[];

beforeEach(async () => {
  accepted = [];
  listener = new UwsListener(SNAPSHOT, {
    onExchange: (exchange) => exchange.acceptWebSocket?.("", (peer) => accepted.push(peer)),
    onHandover: () => {},
    onRefused: () => "{}",
  });
  url = (await listener.listen()).replace("http", "ws");
});
afterEach(() => listener.close());

async function opened(): Promise<{ socket: WebSocket; peer: WebSocketPeer }> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  return { socket, peer: accepted.at(-1) as WebSocketPeer };
}

it.each<[string, (socket: WebSocket, peer: WebSocketPeer) => void]>([
  ["its caller has closed", (socket) => socket.close(1000)],
  ["its caller is lost", (socket) => socket.terminate()],
  ["the gateway has closed", (_socket, peer) => peer.close(1001, "over")],
  ["the gateway has cut", (_socket, peer) => peer.terminate()],
])("is no open connection any more once %s", async (_what, end) => {
  const first = await opened();
  const { socket, peer } = await opened();
  expect(listener.connections).toBe(2);
  const closed = once(socket, "close");
  end(socket, peer);
  await closed;
  await waitFor(() => listener.connections === 1, "the connection to be over");
  first.socket.terminate();
  await waitFor(() => listener.connections === 0, "the other one to be over");
});

it("stays open where it is accepted some time after its request has come", async () => {
  await ensureBuilt();
  const script = fileURLToPath(new URL("later-web-sockets.mjs", import.meta.url));
  // Freed memory is filled, so that what the library should not read any more means `close the connection`.
  const child = spawn(process.execPath, [script], { env: { ...process.env, MALLOC_PERTURB_: "16" } });
  try {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    for (let i = 0; i < 20; i++) {
      const socket = new WebSocket(`ws://127.0.0.1:${port.toString().trim()}`);
      await once(socket, "open");
      socket.send("anybody?");
      const [answer] = (await Promise.race([once(socket, "message"), once(socket, "close")])) as [Buffer];
      expect(String(answer)).toBe("there");
      socket.terminate();
    }
    expect(said).toBe("");
  } finally {
    child.kill();
  }
});
