import { describe, expect, it } from "vitest";
import type { TestGateway } from "../../helpers/gateway.ts";
import { ask, failWith, type Reply, useModelRoute } from "../../helpers/model-route.ts";

const route = useModelRoute();
const { startRoute } = route;

describe("the circuit breaker", () => {
  const openMs = 600;
  const breaker = `{ failures: 2, open: ${openMs}ms }`;

  /** Asks until the circuit lets a call pass, and returns its answer and when that was. */
  async function askUntilPassed(at: TestGateway): Promise<{ reply: Reply; atMs: number }> {
    const before = route.providers.openai.requests.length;
    for (;;) {
      const reply = await ask(at);
      const passed = route.providers.openai.requests[before];
      if (passed !== undefined) return { reply, atMs: passed.arrivedAtMs };
      expect(reply.status).toBe(503);
    }
  }

  it("opens after failures in a row, probes, and closes", async () => {
    const at = await startRoute({ targets: ["openai"], breaker });
    route.providers.openai.behave(failWith(500), failWith(500));
    await ask(at);
    expect((await ask(at)).status).toBe(500);
    const openedAtMs = route.providers.openai.last.arrivedAtMs;
    const refused = await ask(at);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: "upstream_unavailable" } });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.record).toMatchObject({ errorCode: "upstream_unavailable", attempts: 0, provider: null });
    expect(route.providers.openai.requests).toHaveLength(2);
    const probe = await askUntilPassed(at);
    expect(probe.reply.status).toBe(200);
    expect(probe.atMs - openedAtMs).toBeGreaterThanOrEqual(openMs - 5);
    route.providers.openai.behave(failWith(500));
    expect((await ask(at)).status).toBe(500);
    expect((await ask(at)).status).toBe(200);
  });

  it("stays open when the probe fails, and lets one probe pass at a time", async () => {
    const at = await startRoute({ targets: ["openai"], breaker });
    route.providers.openai.behave(failWith(500), failWith(500), failWith(500));
    await ask(at);
    await ask(at);
    expect((await askUntilPassed(at)).reply.status).toBe(500);
    expect((await ask(at)).status).toBe(503);
    route.providers.openai.behave({ kind: "delay", ms: 800 });
    const probe = askUntilPassed(at);
    await route.providers.openai.arrived(4);
    const others = await Promise.all(Array.from({ length: 5 }, () => ask(at)));
    expect(others.map((reply) => reply.status)).toEqual([503, 503, 503, 503, 503]);
    expect((await probe).reply.status).toBe(200);
    expect(route.providers.openai.requests).toHaveLength(4);
  });

  it("lets calls go straight to the next target", async () => {
    const at = await startRoute({ targets: ["openai", "gemini"], breaker: "{ failures: 2, open: 60s }" });
    route.providers.openai.always(failWith(500));
    expect((await ask(at)).record).toMatchObject({ provider: "gemini", attempts: 2 });
    expect((await ask(at)).record).toMatchObject({ provider: "gemini", attempts: 2 });
    expect((await ask(at)).record).toMatchObject({ provider: "gemini", attempts: 1 });
    expect(route.providers.openai.requests).toHaveLength(2);
  });

  it("does not count what callers got wrong", async () => {
    const at = await startRoute({ targets: ["openai"], breaker });
    route.providers.openai.behave(failWith(400), failWith(400), failWith(404));
    for (let call = 0; call < 3; call++) await ask(at);
    expect((await ask(at)).status).toBe(200);
  });
});
