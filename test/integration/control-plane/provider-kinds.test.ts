import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestPlane } from "../../helpers/test-plane.ts";

let test: TestPlane;
beforeAll(async () => {
  test = await TestPlane.open("sqlite");
});
afterAll(() => test.close());

describe("the catalogues", () => {
  it("say what each kind of provider needs", async () => {
    const { items } = await test.owner.do("GET", "/provider-kinds");
    const byKind = new Map(items.map((item: { kind: string }) => [item.kind, item]));
    expect(byKind.size).toBeGreaterThan(45);
    expect(byKind.get("bedrock")).toMatchObject({
      dialect: "bedrock",
      base_url: "https://bedrock-runtime.{region}.amazonaws.com",
      settings: [{ name: "region", required: true, default: null, values: null }],
      auth: { type: "bearer" },
      key_kinds: ["value", "aws"],
      requires_key: true,
    });
    expect(byKind.get("moonshot")).toMatchObject({
      settings: [{ required: false, values: ["international", "china"] }],
    });
    expect(byKind.get("openai-compatible")).toMatchObject({ base_url: null, requires_key: false });
  });

  it("find models by name, kind, capability and window, page by page", async () => {
    const search = (query: string) => test.owner.do("GET", `/model-catalogue?${query}`);
    const found = await search("search=gpt-4o-mini&kind=openai&type=chat&capability=vision&min_context_window=100000");
    expect(found.items[0]).toMatchObject({
      kind: "openai",
      model: "gpt-4o-mini",
      type: "chat",
      context_window: 128_000,
      capabilities: expect.arrayContaining(["vision", "tools", "json_schema"]),
      price: { input_mtok: 0.15, output_mtok: 0.6, cache_read_mtok: 0.075 },
      price_source: "@pydantic/genai-prices",
      deprecated: false,
    });
    const names: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await search(`search=sambanova&limit=7${cursor}`);
      names.push(...page.items.map(({ kind, model }: { kind: string; model: string }) => `${kind}/${model}`));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(names.length).toBeGreaterThan(7);
    expect(new Set(names).size).toBe(names.length);
    const [priced] = (await search("search=sambanova/DeepSeek-R1&limit=1")).items;
    expect(priced).toMatchObject({ price_source: "https://cloud.sambanova.ai/plans/pricing" });
    expect((await search("search=no-such-model-anywhere")).items).toEqual([]);
  });
});
