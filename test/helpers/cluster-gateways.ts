import { Agent, request } from "undici";
import { type FastGateway, nativeYaml, startFastGateway } from "./fast-path.ts";
import { TEST_KEY } from "./gateway.ts";

export interface ClusterGateway extends FastGateway {
  /** A call to the service; its status. */
  call(): Promise<number>;
  /** The same, with what its answer says of `x-ratelimit-remaining-requests`. */
  remaining(): Promise<{ status: number; remaining: number }>;
  /** How many of so many calls one after the other are let through; ends with the first that is not. */
  admitted(calls: number): Promise<number>;
  /** Of one metric, by its labels' values. */
  metric(name: string): Promise<Record<string, number>>;
}

interface MetricJson {
  name: string;
  values: { value: number; labels: Record<string, string> }[];
}

/** A service that the gateway answers itself is enough where only limits are looked at. */
export function clusterYaml(limits: string, more = ""): string {
  return nativeYaml(
    `services: [{ id: one, access: key, limits: ${limits}, routes: [{ path: /one, policies: { mock: { body: "{}" } } }], upstream: { targets: [{ url: "http://127.0.0.1:9" }] } }]\n${more}`,
  );
}

const CONNECTIONS = 32;

/** Gateways in this process, each with counters of its own, as if on machines of their own. */
export async function startCluster(redisUrl: string, yaml: string, count: number): Promise<ClusterGateway[]> {
  const gateways: ClusterGateway[] = [];
  // One after the other: the governor of each is looked into.
  for (let i = 0; i < count; i++) gateways.push(await startClusterGateway(redisUrl, yaml));
  return gateways;
}

export async function startClusterGateway(
  redisUrl: string,
  yaml: string,
  limitsFile?: string,
): Promise<ClusterGateway> {
  const gateway = await startFastGateway(yaml, {}, { redisUrl, ...(limitsFile === undefined ? {} : { limitsFile }) });
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const ask = async () => {
    const { statusCode, headers, body } = await request(`${gateway.url}/one`, {
      dispatcher: agent,
      headers: { "x-api-key": TEST_KEY },
    });
    await body.dump();
    return { status: statusCode, remaining: Number(headers["x-ratelimit-remaining-requests"]) };
  };
  return {
    ...gateway,
    async admitted(calls) {
      for (let i = 0; i < calls; i++) if ((await ask()).status !== 200) return i;
      return calls;
    },
    async metric(name) {
      const all = (await gateway.gateway.collectMetrics()) as MetricJson[];
      const { values } = all.find((one) => one.name === name) ?? { values: [] };
      return Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join(" "), value]));
    },
    call: async () => (await ask()).status,
    remaining: ask,
    async close() {
      await agent.close();
      await gateway.close();
    },
  };
}
