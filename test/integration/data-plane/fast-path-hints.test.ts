import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FastGateway, nativeYaml, startFastGateway, type Way } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { failWith } from "../../helpers/model-route.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { MODELS, type ProviderName, providersYaml, startProviders } from "../../helpers/unified-api.ts";

/** Calls that need the stages although calls of their kind are carried natively, and calls that stay native. */

let providers: Record<ProviderName, SimulatedProvider>;
let gateway: FastGateway;
beforeAll(async () => {
  providers = await startProviders();
  gateway = await startFastGateway(
    nativeYaml(`${providersYaml(providers)}
models:
  - { name: plain, aliases: [other-name], targets: [{ provider: openai, model: gpt-4o-mini }] }
  - name: ruled
    rules: [{ when: { headers: { x-tier: gold } }, model: ${MODELS.cohere} }]
    targets: [{ provider: openai, model: gpt-4o-mini }]
  - name: mirrored
    mirror: { model: ${MODELS.cohere} }
    targets: [{ provider: openai, model: gpt-4o-mini }]
`),
  );
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(Object.values(providers).map((provider) => provider.close()));
});

interface Asked {
  way: Way;
  status: number;
  headers: Headers;
}

async function ask(model: string, fields: object = {}, headers: Record<string, string> = {}): Promise<Asked> {
  let response = new Response();
  const way = await gateway.way(async () => {
    response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}`, ...headers },
      body: JSON.stringify({ model, max_tokens: 20, messages: [{ role: "user", content: "hello" }], ...fields }),
    });
    await response.text();
    await gateway.record(response.headers.get("x-request-id"));
  });
  return { way, status: response.status, headers: response.headers };
}

/** The first call of a kind runs through the stages, which teach the governor. */
async function learned(model: string): Promise<Way> {
  await ask(model);
  return (await ask(model)).way;
}

describe("the native hot path", () => {
  it.each(["plain", "other-name", MODELS.anthropic])("carries calls of %s that say nothing", async (model) => {
    expect(await learned(model)).toBe("native");
  });

  it("leaves fallbacks in the body to the stages, which take them", async () => {
    expect(await learned("plain")).toBe("native");
    for (const fields of [{ models: ["plain", MODELS.cohere] }, { fallbacks: [MODELS.cohere] }]) {
      providers.openai.behave(failWith(500));
      const { way, status, headers } = await ask("plain", fields);
      expect([way, status, headers.get("x-tidegate-provider")]).toEqual(["stages", 200, "cohere"]);
    }
    expect((await ask("plain", { store: true, metadata: { models: "fallbacks" } })).way).toBe("native");
    expect((await ask("plain")).way).toBe("native");
  });

  it("leaves headers that are hints to the stages", async () => {
    expect(await learned("plain")).toBe("native");
    const bad = await ask("plain", {}, { "X-Tidegate-Timeout": "soon" });
    expect([bad.way, bad.status]).toEqual(["stages", 400]);
    expect((await ask("plain", {}, { "x-tidegate-tags": "a=b" })).way).toBe("stages");
    expect((await ask("plain", {}, { "x-other": "x-tidegate-tags" })).way).toBe("native");
  });

  it("learns nothing of models whose targets are chosen call by call", async () => {
    expect(await learned("ruled")).toBe("stages");
    expect((await ask("ruled", {}, { "x-tier": "gold" })).headers.get("x-tidegate-provider")).toBe("cohere");
    expect(await learned("mirrored")).toBe("stages");
  });

  it("leaves calls that lose something to the stages, which say so", async () => {
    expect(await learned(MODELS.anthropic)).toBe("native");
    const { headers, way } = await ask(MODELS.anthropic, { seed: 7 });
    expect([way, headers.get("x-tidegate-dropped")]).toEqual(["stages", "seed"]);
    expect((await ask(MODELS.anthropic)).way).toBe("native");
  });
});
