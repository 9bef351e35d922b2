import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import {
  accept,
  type EndpointServer,
  type SeenRequest,
  startEndpointServer,
} from "../../helpers/providers/endpoint-server.ts";
import { CohereClientV2, OpenAI } from "../../sdk-clients/index.ts";

const RANKED = [
  { index: 1, relevance_score: 0.9 },
  { index: 0, relevance_score: 0.2 },
];

/** Rerankers of four providers and moderations of two, as strict as theirs. */
const ENDPOINTS = {
  "POST /cohere/rerank": ({ body }: SeenRequest) => {
    accept(body, ["model", "query", "documents"], ["top_n", "max_tokens_per_doc", "priority"]);
    const meta = { api_version: { version: "2" }, billed_units: { search_units: 1 } };
    return { json: { id: "r-1", results: RANKED.slice(0, Number(body.top_n ?? 2)), meta } };
  },
  "POST /jina/rerank": ({ body }: SeenRequest) => {
    accept(body, ["model", "query", "documents"], ["top_n", "truncation"]);
    const documents = body.documents as unknown[];
    const results = RANKED.map((result) => ({ ...result, document: { text: documents[result.index] } }));
    return { json: { model: "m", results: results.slice(0, Number(body.top_n ?? 2)), usage: { total_tokens: 12 } } };
  },
  "POST /voyage/rerank": ({ body }: SeenRequest) => {
    accept(body, ["model", "query", "documents"], ["top_k", "truncation", "return_documents"]);
    const data = RANKED.slice(0, Number(body.top_k ?? 2));
    return { json: { object: "list", data, model: "m", usage: { total_tokens: 12 } } };
  },
  "POST /openai/moderations": ({ body }: SeenRequest) => {
    accept(body, ["input"], ["model"]);
    const flagged = { flagged: true, categories: { hate: true }, category_scores: { hate: 0.9 } };
    return { json: { id: "modr-1", model: "omni-moderation-latest", results: [flagged] } };
  },
  "POST /mistral/moderations": ({ body }: SeenRequest) => {
    accept(body, ["model", "input"], ["metadata"]);
    const one = { categories: { pii: true, law: false }, category_scores: { pii: 0.8, law: 0 } };
    return {
      json: { id: "mod-1", model: "m", results: (Array.isArray(body.input) ? body.input : [0]).map(() => one) },
    };
  },
};

let server: EndpointServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startEndpointServer(ENDPOINTS);
  const provider = (id: string) =>
    `  - { id: ${id}, kind: ${id}, base_url: "${server.url}/${id}", keys: [{ id: main, value: key-${id} }], retries: { attempts: 0 } }`;
  gateway = await startGateway(
    baseYaml(`providers:
${["openai", "mistral", "cohere", "jina", "voyage", "anthropic"].map(provider).join("\n")}
  - { id: simulated, kind: simulated }
models:
  - name: best
    targets: [{ provider: anthropic, model: m }, { provider: voyage, model: m }, { provider: cohere, model: m }]
`),
  );
});
afterAll(async () => {
  await gateway.close();
  await server.close();
});
beforeEach(() => {
  server.requests.length = 0;
});

function post(path: string, body: object) {
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${TEST_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

const DOCUMENTS = ["a tale of whales", "a book of maps"];
const ASK = { query: "maps", documents: DOCUMENTS };

describe.each(["cohere/m", "jina/m", "voyage/m"])("reranking with %s", (model) => {
  it("is what the Cohere SDK asks for", async () => {
    for (const base of ["", "/cohere"]) {
      const cohere = new CohereClientV2({ token: TEST_KEY, baseUrl: gateway.url + base, maxRetries: 0 });
      const { results } = await cohere.rerank({ model, ...ASK, topN: 1 });
      expect(results).toEqual([{ index: 1, relevanceScore: 0.9 }]);
    }
  });

  it("is at /v1/rerank, with the documents if they are wanted", async () => {
    const documents = [{ text: DOCUMENTS[0] }, DOCUMENTS[1]];
    const response = await post("/v1/rerank", { model, query: "maps", documents, return_documents: true, priority: 1 });
    expect(await response.json()).toMatchObject({
      id: expect.any(String),
      results: RANKED.map((result) => ({ ...result, document: { text: DOCUMENTS[result.index] } })),
      meta: { billed_units: expect.anything() },
    });
    const record = await gateway.record(response.headers.get("x-request-id"));
    expect(record).toMatchObject({ route: "/v1/rerank", inputTokens: model === "cohere/m" ? null : 12 });
  });
});

describe("reranking", () => {
  it("goes to the targets of a route that can, and on to the next", async () => {
    server.fail(500);
    const response = await post("/rerank", { model: "best", ...ASK });
    expect(await response.json()).toMatchObject({ results: RANKED });
    expect(server.requests.map(({ path }) => path)).toEqual(["/voyage/rerank", "/cohere/rerank"]);
    expect(response.headers.get("x-tidegate-attempts")).toBe("2");
  });

  it("refuses what a provider does not know by name, unless another target does", async () => {
    const refused = await post("/v1/rerank", { model: "voyage/m", ...ASK, max_tokens_per_doc: 9 });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: "max_tokens_per_doc" } }]);
    const answer = await post("/v1/rerank", { model: "best", ...ASK, max_tokens_per_doc: 9 });
    expect(answer.status).toBe(200);
    expect(server.last).toMatchObject({ path: "/cohere/rerank", body: { max_tokens_per_doc: 9 } });
  });

  it.each([
    ["/v2/rerank", "documents", { query: "x", documents: [] }],
    ["/cohere/v1/rerank", "documents[0]", { query: "x", documents: [1] }],
    ["/cohere/v2/rerank", "query", { documents: ["x"] }],
  ])("errors at %s are Cohere's", async (path, param, body) => {
    const response = await post(path, { model: "cohere/m", ...body });
    expect([response.status, await response.json()]).toMatchObject([400, { message: expect.any(String), param }]);
  });

  it("is refused where no provider has it, by name", async () => {
    const response = await post("/v1/rerank", { model: "anthropic/m", ...ASK });
    expect(await response.json()).toMatchObject({
      error: { code: "unsupported_field", message: expect.stringContaining("`anthropic`") },
    });
  });

  it("is done by the simulated model", async () => {
    const response = await post("/v1/rerank", { model: "simulated/echo", ...ASK });
    expect(await response.json()).toMatchObject({ results: [{ index: 1, relevance_score: 0.25 }, { index: 0 }] });
  });
});

describe("moderations", () => {
  const openai = () => new OpenAI({ apiKey: TEST_KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

  it("need no model: the first provider's own is meant", async () => {
    const { data, response } = await openai().moderations.create({ input: "hateful" }).withResponse();
    expect(data.results[0]).toMatchObject({ flagged: true, categories: { hate: true } });
    expect(response.headers.get("x-tidegate-model")).toBe("omni-moderation-latest");
    expect(server.last.body).toEqual({ input: "hateful" });
  });

  it("of pictures go to OpenAI as they are, and are refused to Mistral", async () => {
    const input = [{ type: "image_url" as const, image_url: { url: "https://example.org/cat.png" } }];
    await openai().moderations.create({ model: "openai/omni-moderation-latest", input });
    expect(server.last.body).toEqual({ model: "omni-moderation-latest", input });
    const refused = openai().moderations.create({ model: "mistral/m", input });
    await expect(refused).rejects.toMatchObject({ status: 400, param: "input" });
  });

  it("of Mistral come with categories of its own, flagged where one applies", async () => {
    const { results } = await openai().moderations.create({ model: "mistral/m", input: ["a", "b"] });
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({ flagged: true, categories: { pii: true, law: false } });
  });

  it("of the simulated model flag violence", async () => {
    const { results } = await openai().moderations.create({ model: "simulated/echo", input: ["peace", "violence!"] });
    expect(results.map(({ flagged }) => flagged)).toEqual([false, true]);
  });
});
