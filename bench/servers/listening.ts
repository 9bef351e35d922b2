import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const LIMIT_MS = 15_000;

/** Resolves once a connection to the port is accepted. */
export async function listening(port: number): Promise<void> {
  const endMs = Date.now() + LIMIT_MS;
  while (!(await accepts(port))) {
    if (Date.now() > endMs) throw new Error(`nothing listens on port ${port} after ${LIMIT_MS} ms`);
    await delay(20);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
