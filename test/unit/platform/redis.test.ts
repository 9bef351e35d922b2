import { createServer } from "node:net";
import { expect, it } from "vitest";
import { connectRedis } from "../../../src/platform/redis.ts";
import { collectingLogger } from "../../helpers/gateway.ts";

it("however long Redis was away, it is asked again within a second, and the log is not filled with that", async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const log: Parameters<typeof collectingLogger>[0] = [];
  const redis = connectRedis(`redis://:canary@127.0.0.1:${port}`, collectingLogger(log));
  try {
    await new Promise<void>((resolve) => redis.on("reconnecting", () => connections >= 3 && resolve()));
    // Ten minutes of attempts, and a day of them.
    const pause = redis.options.retryStrategy as (attempt: number) => number;
    expect([1, 20, 600, 86_400].map(pause)).toEqual([50, 1_000, 1_000, 1_000]);
    expect(log.length).toBeLessThanOrEqual(1);
    expect(JSON.stringify(log)).not.toContain("canary");
  } finally {
    redis.disconnect();
    server.close();
  }
});
