// A process with a gateway on its main thread, and everything that calls it or is called by it on another thread: so the loop
// of the main thread has nothing but the gateway and what this script asks of it. Prints what it saw, as JSON.
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { performance } from "node:perf_hooks";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

const CALLS = 5_000;
const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

if (isMainThread) await main();
else await other();

/** Answers, and calls one after the other for as long as it is told to. */
async function other() {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write(ANSWER));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  parentPort.postMessage({ upstreamPort: server.address().port });
  let socket;
  let left = 0;
  parentPort.on("message", async ({ port, calls, ping }) => {
    if (ping) return parentPort.postMessage({ pong: true });
    left = calls;
    if (socket !== undefined) return;
    socket = connect(port, "127.0.0.1");
    const request = "GET /all HTTP/1.1\r\nhost: a\r\nauthorization: Bearer tg_loop_0123456789\r\n\r\n";
    socket.on("data", (bytes) => {
      if (!bytes.includes("200 OK")) throw new Error(bytes.toString());
      if (--left === 0) parentPort.postMessage({ done: true });
      socket.write(request);
    });
    socket.write(request);
  });
}

async function main() {
  const { startGateway } = await import("./threads-gateway.mjs");
  const thread = new Worker(new URL(import.meta.url));
  const [{ upstreamPort }] = await once(thread, "message");
  const told = (name) =>
    new Promise((resolve) => {
      const hear = (message) => {
        if (!message[name]) return;
        thread.off("message", hear);
        resolve();
      };
      thread.on("message", hear);
    });
  const configuration = {
    services: [
      { id: "all", routes: [{ path: "/all" }], upstream: { targets: [{ url: `http://127.0.0.1:${upstreamPort}` }] } },
    ],
    applications: [{ id: "web", team: "default", keys: ["tg_loop_0123456789"], subscriptions: ["all"] }],
  };
  const { port } = await startGateway(configuration);

  /** Rounds of the loop while so many calls are served. */
  const roundsDuringCalls = async () => {
    const done = told("done");
    const before = performance.nodeTiming.uvMetricsInfo.loopCount;
    thread.postMessage({ port, calls: CALLS });
    await done;
    return performance.nodeTiming.uvMetricsInfo.loopCount - before;
  };
  /** What the loop has to do beside the calls: each is waited for, in turn and at once. */
  const others = {
    timer: () => new Promise((resolve) => setTimeout(resolve, 30)),
    immediate: () => new Promise((resolve) => setImmediate(resolve)),
    threadPool: () => stat("."),
    socket: async () => {
      const socket = connect(upstreamPort, "127.0.0.1");
      await once(socket, "connect");
      socket.write("hello");
      await once(socket, "data");
      socket.destroy();
      await once(socket, "close");
    },
    message: () => {
      const pong = told("pong");
      thread.postMessage({ ping: true });
      return pong;
    },
  };
  const serveOthers = async () => {
    const served = [];
    for (const [name, ask] of Object.entries(others)) {
      await ask();
      served.push(name);
    }
    await Promise.all(Object.values(others).map((ask) => ask()));
    return served;
  };

  await roundsDuringCalls();
  const alone = await roundsDuringCalls();
  thread.postMessage({ port, calls: Number.POSITIVE_INFINITY });
  const served = await serveOthers();
  const second = await startGateway(configuration);
  const servedBesideAnother = await serveOthers();
  const besideAnother = await roundsDuringCalls();
  await second.gateway.drain(100);
  await second.gateway.close();
  const aloneAgain = await roundsDuringCalls();
  process.stdout.write(
    JSON.stringify({ calls: CALLS, alone, served, servedBesideAnother, besideAnother, aloneAgain }),
    () => process.exit(0),
  );
}
