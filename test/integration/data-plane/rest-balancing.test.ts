import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

let upstreams: TestUpstream[];
let gateway: TestGateway;
/** Status each upstream answers with, by its place. */
let statuses: number[];
/** Answers held back until released. */
let held: (() => void)[] | null;

beforeAll(async () => {
  upstreams = await Promise.all(
    [0, 1, 2].map((place) =>
      startUpstream((_request, response) => {
        const answer = () => {
          response.statusCode = statuses[place] ?? 200;
          response.end(String(place));
        };
        if (held === null) answer();
        else held.push(answer);
      }),
    ),
  );
});
afterAll(() => Promise.all(upstreams.map((upstream) => upstream.close())));
beforeEach(() => {
  statuses = [200, 200, 200];
  held = null;
});
afterEach(() => gateway.close());

interface Options {
  weights?: number[];
  upstream?: string;
  listener?: string;
}

async function start({ weights = [1, 1, 1], upstream = "", listener = "" }: Options): Promise<void> {
  const targets = upstreams.map(({ url }, place) => `{ url: "${url}", weight: ${weights[place]} }`).join(", ");
  gateway = await startGateway(
    baseYaml(`
services:
  - id: balanced
    access: open
    routes: [{ path: / }]
    upstream: { targets: [${targets}], ${upstream} }
`).replace('address: "127.0.0.1:0"', `address: "127.0.0.1:0", ${listener}`),
  );
}

/** The place of the upstream that answered. */
async function call(headers = ""): Promise<string> {
  const answer = await rawRequest(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
  return answer.status === 200 ? answer.body.toString() : String(answer.status);
}

async function calls(count: number): Promise<string> {
  let places = "";
  for (let i = 0; i < count; i++) places += await call();
  return places;
}

const unhealthy = (...places: number[]) =>
  gateway.gateway.setUnhealthyTargets(places.map((place) => `balanced ${upstreams[place]?.url}`));

describe("round-robin", () => {
  it("goes round", async () => {
    await start({});
    expect(await calls(6)).toBe("012012");
  });

  it("follows the weights, well mixed", async () => {
    await start({ weights: [5, 1, 1] });
    expect(await calls(14)).toBe("00102000010200");
  });

  it("sends nothing to weight 0, not even when the others fail", async () => {
    await start({ weights: [1, 1, 0], upstream: "retries: { attempts: 2, on: [503], backoff: 1ms }" });
    expect(await calls(4)).toBe("0101");
    statuses = [503, 503, 200];
    expect(await call()).toBe("503");
    unhealthy(0, 1);
    expect(await call()).toBe("503");
  });
});

describe("least-connections", () => {
  it("chooses the target with the fewest open calls for its weight", async () => {
    await start({ weights: [1, 1, 2], upstream: "balance: least-connections" });
    held = [];
    const open: Promise<string>[] = [];
    for (let i = 1; i <= 8; i++) {
      open.push(call());
      await waitFor(() => held?.length === i, `call ${i} to reach an upstream`);
    }
    for (const release of held) release();
    const places = (await Promise.all(open)).sort().join("");
    expect(places).toBe("00112222");
  });

  it("goes round when all are idle", async () => {
    await start({ upstream: "balance: least-connections" });
    expect([...(await calls(6))].sort().join("")).toBe("001122");
  });
});

describe("consistent-hash", () => {
  const users = Array.from({ length: 60 }, (_, i) => `user-${i}`);

  async function placesOf(header: (user: string) => string): Promise<string[]> {
    return Promise.all(users.map((user) => call(`${header(user)}\r\n`)));
  }

  it.each([
    ["header", "hash_on: { type: header, name: X-User }", (user: string) => `X-User: ${user}`],
    ["cookie", "hash_on: { type: cookie, name: session }", (user: string) => `Cookie: a=b; session=${user}; c="d"`],
    ["address", "hash_on: { type: address }", (user: string) => `X-Forwarded-For: 10.9.0.${user.slice(5)}`],
  ])("on a %s is stable, spreads, and moves only the keys of a lost target", async (_name, hashOn, header) => {
    await start({ upstream: `balance: consistent-hash, ${hashOn}`, listener: "trusted_proxies: [127.0.0.1]" });
    const before = await placesOf(header);
    expect(new Set(before)).toEqual(new Set(["0", "1", "2"]));
    expect(await placesOf(header)).toEqual(before);
    unhealthy(1);
    const without = await placesOf(header);
    before.forEach((place, i) => {
      if (place === "1") expect(without[i]).not.toBe("1");
      else expect(without[i]).toBe(place);
    });
    unhealthy();
    expect(await placesOf(header)).toEqual(before);
  });

  it("gives nothing to weight 0", async () => {
    await start({ weights: [1, 1, 0], upstream: "balance: consistent-hash, hash_on: { type: header, name: x-user }" });
    expect(await placesOf((user) => `X-User: ${user}`)).not.toContain("2");
  });
});

describe("active health", () => {
  it("leaves out what is unhealthy, takes it back, and says when nothing is left", async () => {
    await start({});
    unhealthy(0);
    expect(await calls(4)).not.toContain("0");
    unhealthy(0, 1, 2);
    expect(await call()).toBe("503");
    expect(gateway.records.at(-1)).toMatchObject({ errorCode: "upstream_unavailable", attempts: 0 });
    unhealthy();
    expect(new Set(await calls(3))).toEqual(new Set(["0", "1", "2"]));
  });

  it("survives a reload", async () => {
    await start({});
    unhealthy(2);
    const targets = upstreams.map(({ url }) => `{ url: "${url}" }`).join(", ");
    await gateway.reload(
      baseYaml(`
services:
  - { id: balanced, access: open, routes: [{ path: / }], upstream: { targets: [${targets}] } }
  - { id: new, access: open, routes: [{ path: /new }], upstream: { targets: [${targets}] } }
`).replace('address: "127.0.0.1:0"', 'address: "127.0.0.1:0", '),
    );
    expect(await calls(6)).not.toContain("2");
  });
});

describe("passive health", () => {
  it("takes a failing target out for a while", async () => {
    await start({ upstream: "health: { passive: { failures: 2, eject: 400ms } }, retries: { attempts: 0 }" });
    statuses = [503, 200, 200];
    expect(await calls(6)).toBe("5031250312");
    expect(await calls(6)).toBe("121212");
    expect(gateway.log).toContainEqual(
      expect.objectContaining({ level: "warn", message: expect.stringContaining("ejected") }),
    );
    statuses = [200, 200, 200];
    const startedAt = performance.now();
    while (!(await calls(3)).includes("0")) expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  it("counts failures in a row only", async () => {
    await start({ upstream: "health: { passive: { failures: 2, eject: 60s } }, retries: { attempts: 0 }" });
    for (let i = 0; i < 4; i++) {
      statuses = [i % 2 === 0 ? 503 : 200, 200, 200];
      expect(await calls(3)).toBe(i % 2 === 0 ? "50312" : "012");
    }
  });

  it("hides failures behind retries on other targets", async () => {
    await start({ upstream: "retries: { attempts: 2, on: [503] }" });
    statuses = [503, 503, 200];
    expect(await calls(5)).toBe("22222");
  });

  it("uses ejected targets rather than none", async () => {
    await start({ upstream: "health: { passive: { failures: 1, eject: 60s } }, retries: { attempts: 0 }" });
    statuses = [503, 503, 503];
    await calls(3);
    statuses = [200, 200, 200];
    expect(await calls(3)).not.toContain("503");
  });

  it("does not blame a target for what the request got wrong", async () => {
    await start({ upstream: "health: { passive: { failures: 1, eject: 60s } }, retries: { attempts: 0 }" });
    statuses = [404, 500, 429];
    expect(await calls(6)).toBe("404500429404500429");
  });
});
