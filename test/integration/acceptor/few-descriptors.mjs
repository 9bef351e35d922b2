// A native listener in a process that may open few files: `prlimit --nofile=N node few-descriptors.mjs`. Answers every
// request with what the process has used of the processor so far, in milliseconds. Writes its port.
import parts from "../../../dist/test/gateway.cjs";

const { NativeEngine, NativeListener } = parts;
const engine = new NativeEngine();
const listener = new NativeListener(
  {
    host: "127.0.0.1",
    port: 0,
    engine: "native",
    tls: null,
    trustedProxies: [],
    maxHeaderBytes: 16_384,
    maxBodyBytes: 1024,
    timeouts: { keepAliveMs: 60_000, headMs: 60_000, minBodyBytesPerSecond: 0 },
  },
  {
    onExchange: (exchange) => {
      const { user, system } = process.cpuUsage();
      exchange.respond(200, [], String((user + system) / 1000));
    },
    onHandover: () => {},
    onRefused: () => "{}",
  },
  engine,
);
process.stdout.write(`${new URL(await listener.listen()).port}\n`);
