import { type Call, get, KEY, openaiChat } from "../calls.ts";
import { failed, judge } from "../check.ts";
import { compare } from "../compare.ts";
import { CONNECTIONS, underWrk } from "../load/wrk.ts";
import { type Part, ratio, type ScenarioResult } from "../result.ts";
import { application, chatConfiguration, service } from "../servers/configurations.ts";
import { startPlainNginx } from "../servers/peers.ts";
import { withServers } from "../servers/server.ts";
import { type Configuration, startTidegate } from "../servers/tidegate.ts";
import { SMALL_PATH, startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const FEW = 10;
const COLUMNS = ["requestsPerSecond", "p50Ms", "p99Ms", "cpuUs", "residentMib"];
const ROUTES_PER_SERVICE = 10;
const KEYS_PER_APPLICATION = 100;
/** Reading and checking a large configuration takes its time; what it costs is not measured here. */
const READY_LIMIT_MS = 180_000;

interface Variant {
  name: string;
  configuration: Configuration;
  call: Call;
  /** As in `Load`. */
  variants: number;
  distinct: number;
}

/** What a request costs with more workers, keys and routes. The load uses all of them. */
export const scaling: Scenario = {
  name: "scaling",
  title: "CPU per request as workers, keys and routes grow; 64 connections",
  async run(context) {
    const results = [
      await runWorkers(context),
      await runPart(warmedByAllKeys(context), `${FEW} to ${context.sizes.keys} keys`, keyVariants),
      await runPart(context, `${FEW} to ${context.sizes.routes} routes`, routeVariants),
    ];
    return { parts: results.flatMap(({ parts }) => parts), checks: results.flatMap(({ checks }) => checks) };
  },
};

/**
 * The first call with a key takes another way, on which the worker learns it: not what a request costs as keys grow. V8
 * collects what these calls leave when it has seen no others for a while.
 */
function warmedByAllKeys(context: ScenarioContext): ScenarioContext {
  const { warmUpSeconds, sizes } = context;
  if (warmUpSeconds === 0) return context;
  return { ...context, warmUpSeconds: Math.max(warmUpSeconds, sizes.keys / 5_000), restSeconds: 20 };
}

/** Compares the second variant to the first. One that can't be run is a missed bound; the others are run all the same. */
async function runPart(
  context: ScenarioContext,
  title: string,
  variantsOf: (upstreamPort: number, context: ScenarioContext) => [Variant, Variant],
): Promise<ScenarioResult> {
  const bound = { what: `CPU per request, ${title}`, must: 1.1, goal: null };
  context.say(title);
  try {
    const part = await withServers(async (start): Promise<Part> => {
      const upstream = await start(startUpstream(context.directory));
      const variants = variantsOf(upstream.port, context);
      const contestants = [];
      for (const { call, variants: count, distinct, ...options } of variants) {
        const server = await start(startTidegate(context, { ...options, readyLimitMs: READY_LIMIT_MS }));
        const load = { port: server.port, call, connections: CONNECTIONS, variants: count, distinct };
        contestants.push(underWrk(server, load, context.directory));
      }
      return {
        title,
        unit: "request",
        baseline: variants[0].name,
        columns: COLUMNS,
        peers: await compare(contestants, context),
      };
    });
    const grown = Object.keys(part.peers)[1] ?? "";
    return { parts: [part], checks: [judge(bound, ratio(part, "cpuUs", grown))] };
  } catch (error) {
    return missed(context, title, bound, error);
  }
}

function missed(
  { say }: ScenarioContext,
  title: string,
  bound: Parameters<typeof failed>[0],
  error: unknown,
): ScenarioResult {
  const message = error instanceof Error ? error.message : String(error);
  say(`${title}: ${message}`);
  return { parts: [], checks: [failed(bound, message.split("\n")[0] ?? "")] };
}

/**
 * Beside nginx with as many workers: with two, load, upstream and both workers share two cores, and a request costs any
 * program more. The bound is on what that leaves of Tidegate's growth.
 */
async function runWorkers(context: ScenarioContext): Promise<ScenarioResult> {
  const { directory } = context;
  const title = "1 to 2 workers";
  const bound = { what: `CPU per request, ${title}, to nginx's growth`, must: 1.1, goal: null };
  context.say(title);
  try {
    const part = await withServers(async (start): Promise<Part> => {
      const upstream = await start(startUpstream(directory));
      const configuration = chatConfiguration("openai-compatible", upstream.port);
      const servers = [];
      for (const workers of [1, 2]) {
        const name = `nginx-${workers}`;
        servers.push(await start(startPlainNginx(upstream.port, directory, { name, workers })));
        servers.push(await start(startTidegate(context, { name: `tidegate-${workers}`, configuration, workers })));
      }
      const call = openaiChat("bench/model");
      const contestants = servers.map((server) =>
        underWrk(server, { port: server.port, call, connections: CONNECTIONS }, directory),
      );
      return {
        title,
        unit: "request",
        baseline: "tidegate-1",
        columns: COLUMNS,
        peers: await compare(contestants, context),
      };
    });
    const growth = ratio(part, "cpuUs", "tidegate-2") / ratio(part, "cpuUs", "nginx-2", "nginx-1");
    return { parts: [part], checks: [judge(bound, growth)] };
  } catch (error) {
    return missed(context, title, bound, error);
  }
}

/** A hundred keys to an application; the load uses all of them in turn. */
function keyVariants(upstreamPort: number, { sizes }: ScenarioContext): [Variant, Variant] {
  const keyOf = (index: number | string) => `tg_bench_key_${index}_0123456789abcdefghijklmnop`;
  const variant = (count: number): Variant => ({
    name: `${count}-keys`,
    configuration: {
      services: [service("small", [SMALL_PATH], upstreamPort)],
      applications: Array.from({ length: Math.ceil(count / KEYS_PER_APPLICATION) }, (_, group) => ({
        ...application(`app-${group}`, "", ["small"]),
        keys: Array.from({ length: Math.min(count, KEYS_PER_APPLICATION) }, (_, index) =>
          keyOf(group * KEYS_PER_APPLICATION + index),
        ),
      })),
    },
    call: { ...get(SMALL_PATH), headers: { authorization: `Bearer ${keyOf("%d")}` } },
    variants: count,
    distinct: sizes.keys,
  });
  return [variant(FEW), variant(sizes.keys)];
}

function routeVariants(upstreamPort: number, { sizes }: ScenarioContext): [Variant, Variant] {
  const variant = (count: number): Variant => {
    const services = Array.from({ length: Math.ceil(count / ROUTES_PER_SERVICE) }, (_, index) => `service-${index}`);
    return {
      name: `${count}-routes`,
      configuration: {
        services: services.map((id, index) => service(id, pathsOf(index), upstreamPort)),
        applications: [application("web", KEY, services)],
      },
      call: get("/route-%d/items/42"),
      variants: count,
      distinct: sizes.routes,
    };
  };
  return [variant(FEW), variant(sizes.routes)];
}

function pathsOf(serviceIndex: number): string[] {
  return Array.from(
    { length: ROUTES_PER_SERVICE },
    (_, index) => `/route-${serviceIndex * ROUTES_PER_SERVICE + index}`,
  );
}
