// A gateway with the native engine, on whichever thread imports this: the main one or a worker thread. As such it posts its
// port. `workerData.configuration`: `tidegate.yaml` as an object; `workerData.ending`: how the thread is to end when it is
// asked for `/end`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import parts from "../../../dist/test/gateway.cjs";

const { NativeEngine, NativeListener, createGateway, loadConfiguration } = parts;

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
// Nothing here is large enough to be given to another thread.
const pool = { run: () => Promise.reject(new Error("there is no pool")), close: () => Promise.resolve() };

/** Returns the gateway and its port. */
export async function startGateway(configuration) {
  const home = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  const configPath = join(home, "tidegate.yaml");
  writeFileSync(configPath, JSON.stringify({ version: 1, listeners: [{ address: "127.0.0.1:0" }], ...configuration }));
  const loaded = await loadConfiguration({ configPath, home, env: {}, version: 1 });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const calls = { count: 0, append: () => void calls.count++ };
  const limitsFile = join(home, "limits.shm");
  const invalidationsFile = join(home, "invalidations.shm");
  const gateway = createGateway({
    worker: 1,
    logger: silent,
    pool,
    journal: null,
    limitsFile,
    invalidationsFile,
    callLog: calls,
  });
  gateway.applySnapshot(loaded.snapshot);
  const [url] = await gateway.listen();
  // It stays mapped.
  rmSync(home, { recursive: true });
  return { gateway, calls, port: Number(new URL(url).port) };
}

/** A listener that does what `onExchange` says, beside the gateway. Returns its engine and port. */
async function startListener(onExchange) {
  const engine = new NativeEngine();
  const timeouts = { keepAliveMs: 60_000, headMs: 60_000, minBodyBytesPerSecond: 0 };
  const limits = { maxHeaderBytes: 16_384, maxBodyBytes: 1024, timeouts };
  const listener = new NativeListener(
    { host: "127.0.0.1", port: 0, engine: "native", tls: null, trustedProxies: [], ...limits },
    { onExchange, onHandover: () => {}, onRefused: () => "{}" },
    engine,
  );
  return { engine, port: Number(new URL(await listener.listen()).port) };
}

const ENDINGS = {
  // In the middle of what the engine tells.
  exit: () => process.exit(0),
  throw: () => {
    throw new Error("thrown while the engine was telling of a request");
  },
  // The thread ends with libuv still closing what the engine held.
  destroy: (engine) => {
    engine.destroy();
    process.exit(0);
  },
};

if (!isMainThread) {
  const { port } = await startGateway(workerData.configuration);
  const ending = await startListener((exchange) => {
    exchange.respond(200, [], "");
    ENDINGS[workerData.ending]?.(ending.engine);
  });
  parentPort.postMessage({ port, endingPort: ending.port });
}
