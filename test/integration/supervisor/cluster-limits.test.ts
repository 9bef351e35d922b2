import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli } from "../../helpers/cli.ts";
import { type ClusterGateway, clusterYaml, startClusterGateway } from "../../helpers/cluster-gateways.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";

/** A node of processes, which can be killed, and another one in this process. */

const LIMIT = 200;
const yaml = clusterYaml(`[{ requests: ${LIMIT}, window: 30d }]`);
const home = mkdtempSync(join(tmpdir(), "tidegate-cluster-"));

let redis: TestRedis;
let node: TidegateProcess;
let other: ClusterGateway;
let admitted = 0;

function startNode(): Promise<TidegateProcess> {
  return TidegateProcess.start({
    home,
    workers: 2,
    config: yaml.replace("127.0.0.1:0", `127.0.0.1:\${TIDEGATE_PORT}`),
    env: { REDIS_URL: redis.url, TIDEGATE_CLUSTER: "test" },
  });
}

beforeAll(async () => {
  redis = await startRedis();
  [node, other] = await Promise.all([startNode(), startClusterGateway(redis.url, yaml)]);
});
afterAll(async () => {
  await Promise.all([node.stop(), other.close()]);
  await redis.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

async function call(): Promise<number> {
  const headers = { "x-api-key": TEST_KEY, connection: "close" };
  const { status } = await fetch(`${node.url}/one`, { headers });
  if (status === 200) admitted++;
  return status;
}

it("a worker that is killed leaves what its machine has leased to the others", async () => {
  for (let i = 0; i < 20; i++) expect(await call()).toBe(200);
  const [pid = 0] = node.gatewayPids();
  process.kill(pid, "SIGKILL");
  await node.waitFor("another worker", async () => {
    const { workers } = await node.readiness();
    return workers.length === 2 && workers.every((one) => one.state === "ready" && one.pid !== pid);
  });
  for (let i = 0; i < 20; i++) expect(await call()).toBe(200);
});

it("a machine that is killed keeps no more than its portion from the others, and gives that back when it is started again", async () => {
  for (let i = 0; i < 5; i++) expect(await call()).toBe(200);
  await node.stop("SIGKILL");
  const left = LIMIT - admitted;
  const taken = await other.admitted(LIMIT);
  expect(taken).toBeLessThanOrEqual(left);
  expect(taken).toBeGreaterThan(left - LIMIT / 4);
  admitted += taken;

  node = await startNode();
  await node.waitFor("the rest to be back", async () => {
    admitted += await other.admitted(LIMIT);
    await call();
    return admitted >= LIMIT;
  });
  for (let i = 0; i < 5; i++) expect([await call(), await other.call()]).toEqual([429, 429]);
  expect(admitted).toBe(LIMIT);
});

it("readiness and metrics say that Redis is away, and doctor what to do", async () => {
  expect((await node.readiness()).warnings).toEqual([]);
  const doctor = async () => {
    const env = { ...node.environment, REDIS_URL: redis.url.replace("//", "//:canary-password@") };
    return (await runCli(["doctor"], env, home)).stdout;
  };
  expect(await doctor()).toMatch(/Redis.*answers scripts in [\d.]+ ms/);
  await redis.kill();
  expect(await doctor()).toMatch(/Redis.*can't be used/);
  expect(await doctor()).not.toContain("canary");
  const warning = expect.stringContaining("can't reach Redis: limits hold for this node's share of them alone");
  await node.waitFor("the warning", async () => (await node.readiness()).warnings.length === 2);
  expect(await node.readiness()).toMatchObject({ status: "ready", warnings: [warning, warning] });
  expect((await node.metrics()).get("tidegate_limits_shared")).toBe(0);
  await redis.start();
  await node.waitFor("the warning to be gone", async () => (await node.readiness()).warnings.length === 0);
  expect((await node.metrics()).get("tidegate_cluster_nodes")).toBe(2);
});
