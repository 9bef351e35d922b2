// A listener of uWebSockets.js that accepts each WebSocket a turn after its request has come, and sends it `there` when it
// is heard. Writes its port.
import { UwsListener } from "../../../dist/src/data-plane/acceptor/engines/uws/listener.js";

const listener = new UwsListener(
  {
    host: "127.0.0.1",
    port: 0,
    engine: "uws",
    tls: null,
    trustedProxies: [],
    clientCertificate: null,
    maxHeaderBytes: 16_384,
    maxBodyBytes: 1024,
    timeouts: { keepAliveMs: 60_000, headMs: 60_000, minBodyBytesPerSecond: 0 },
  },
  {
    onExchange: (exchange) => {
      const answer = (peer) => peer.on("message", () => peer.send(Buffer.from("there"), { binary: false }, () => {}));
      setImmediate(() => exchange.acceptWebSocket("", answer));
    },
    onHandover: () => {},
    onRefused: () => "{}",
  },
);
process.stdout.write(`${new URL(await listener.listen()).port}\n`);
