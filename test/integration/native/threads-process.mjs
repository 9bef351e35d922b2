// A process with a gateway on its main thread and on three worker threads at once. Each of them serves; then the threads end
// one by one, in different ways and with everything open that a thread can have open, while calls go on to the others. Prints
// what it saw, as JSON.
import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";
import { startGateway } from "./threads-gateway.mjs";

const KEY = "tg_threads_0123456789";
const ENDINGS = ["terminate", "exit", "throw", "destroy"];
const CALLS = 100;
/** Enough for the governor to know what the stages decide, and to carry calls alone. */
const LANES = 4;

const upstream = createServer((request, response) => {
  if (request.url === "/never") return;
  if (request.url === "/stream") return void response.write("first");
  request.resume();
  request.on("end", () => response.end("done"));
});
upstream.listen(0, "127.0.0.1");
await once(upstream, "listening");
const targets = (host) => [{ url: `http://${host}:${upstream.address().port}` }];
const configuration = {
  services: [
    { id: "all", routes: [{ path: "/" }], upstream: { targets: targets("127.0.0.1") } },
    { id: "named", routes: [{ path: "/named" }], upstream: { targets: targets("localhost") } },
  ],
  applications: [
    {
      id: "web",
      team: "default",
      keys: [KEY],
      subscriptions: ["all", "named"],
      limits: [{ requests: 1_000_000, window: "1h" }],
    },
  ],
};

/** Resolves with the status, or with 0 when the connection was lost. */
function call(port, agent) {
  const options = { host: "127.0.0.1", port, path: "/ok", agent, headers: { authorization: `Bearer ${KEY}` } };
  return new Promise((resolve) => {
    get(options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
      response.on("error", () => resolve(0));
    }).on("error", () => resolve(0));
  });
}

/** Several callers at once. Returns how many of the calls got 200. */
async function callAll(port, count = CALLS) {
  const agent = new Agent({ keepAlive: true });
  let answered = 0;
  const lane = async () => {
    for (let i = 0; i < count / LANES; i++) if ((await call(port, agent)) === 200) answered++;
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  agent.destroy();
  return answered;
}

/** A connection that has sent this, and, when it is waited for, has got a first piece of the answer. */
async function opened(port, bytes, answered = false) {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(bytes);
  if (answered) await once(socket, "data");
  else socket.resume();
  return socket;
}

/** One of each kind of what a thread may leave open. Resolves with the connections. */
async function openEverything(port) {
  const fields = `Host: a\r\nAuthorization: Bearer ${KEY}\r\n`;
  const reached = once(upstream, "request");
  const all = [await opened(port, `GET /never HTTP/1.1\r\n${fields}\r\n`)];
  await reached;
  all.push(await opened(port, `GET /stream HTTP/1.1\r\n${fields}\r\n`, true));
  all.push(await opened(port, `POST /never HTTP/1.1\r\n${fields}Content-Length: 1000000\r\n\r\nhalf of it`));
  all.push(await opened(port, "GET / HTTP/1.1\r\nHost:"));
  all.push(await opened(port, `GET /ok HTTP/1.1\r\n${fields}\r\n`, true));
  all.push(await opened(port, ""));
  // Its upstream is being looked up.
  all.push(await opened(port, `GET /named HTTP/1.1\r\n${fields}\r\n`));
  return all;
}

async function startThread(ending) {
  const script = new URL("threads-gateway.mjs", import.meta.url);
  const thread = new Worker(script, { workerData: { configuration, ending } });
  thread.on("error", () => {});
  const [ports] = await once(thread, "message");
  return { thread, ending, ...ports };
}

async function end({ thread, ending, endingPort }) {
  // `once` would reject with what the thread throws.
  const exited = new Promise((resolve) => thread.once("exit", resolve));
  if (ending === "terminate") await thread.terminate();
  else opened(endingPort, "GET /end HTTP/1.1\r\nHost: a\r\n\r\n");
  await exited;
}

const [main, ...threads] = await Promise.all([startGateway(configuration), ...ENDINGS.map(startThread)]);
const ports = [main.port, ...threads.map(({ port }) => port)];
const report = { together: await Promise.all(ports.map((port) => callAll(port))), whileOneEnds: [], afterwards: 0 };
const open = await Promise.all(ports.map(openEverything));
for (const [index, thread] of threads.entries()) {
  const others = [main.port, ...threads.slice(index + 1).map(({ port }) => port)];
  // The one that ends is under load, too: those calls are lost, the others are not.
  callAll(thread.port);
  const [, ...answered] = await Promise.all([end(thread), ...others.map((port) => callAll(port))]);
  report.whileOneEnds.push(answered);
  await Promise.all(open[index + 1].map((socket) => socket.closed || once(socket, "close")));
}
report.afterwards = await callAll(main.port);
process.stdout.write(`${JSON.stringify(report)}\n`, () => {
  // With an engine that is open on the main thread.
  process.exit(0);
});
