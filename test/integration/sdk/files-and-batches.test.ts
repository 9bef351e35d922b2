import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { type FilesProvider, startFilesProvider } from "../../helpers/providers/files-provider.ts";
import { OpenAI } from "../../sdk-clients/index.ts";

const OTHER_KEY = "tg_test_key_of_application_other";
const FEW_KEY = "tg_test_key_of_application_few";

let first: FilesProvider;
let second: FilesProvider;
let gateway: TestGateway;
beforeAll(async () => {
  [first, second] = await Promise.all([startFilesProvider(), startFilesProvider()]);
  gateway = await startGateway(yaml());
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([first.close(), second.close()]);
});
beforeEach(() => {
  for (const provider of [first, second]) {
    provider.requests.length = 0;
    provider.forget();
  }
  gateway.records.length = 0;
});

function yaml(providers = "first second"): string {
  const entries = providers.split(" ").map((id) => {
    const { url } = id === "first" ? first : second;
    return `  - { id: ${id}, kind: openai, base_url: "${url}/v1", keys: [{ id: main, value: key-${id} }], retries: { attempts: 1, backoff: 1ms } }`;
  });
  return `
version: 1
listeners: [{ address: "127.0.0.1:0" }]
applications:
  - { id: web, team: default, keys: ["${TEST_KEY}"], subscriptions: [ai] }
  - { id: other, team: default, keys: ["${OTHER_KEY}"], subscriptions: [ai] }
  - { id: few, team: default, keys: ["${FEW_KEY}"], policies: { models: { allow: [first/gpt-4o-mini] } }, subscriptions: [ai] }
providers:
${entries.join("\n")}
`;
}

const client = (apiKey: string, provider?: string, base = "/v1") =>
  new OpenAI({
    apiKey,
    baseURL: gateway.url + base,
    maxRetries: 0,
    ...(provider === undefined ? {} : { defaultHeaders: { "x-tidegate-provider": provider } }),
  });
const lines = new File(['{"custom_id":"1"}\n'], "requests.jsonl");
const upload = (openai: OpenAI, file = lines) => openai.files.create({ file, purpose: "batch" });

describe("files", () => {
  it("are uploaded, described, read, listed and deleted, at the provider that was named", async () => {
    const openai = client(TEST_KEY, "second");
    const made = await upload(openai);
    expect(made).toMatchObject({ object: "file", filename: "requests.jsonl", purpose: "batch" });
    expect(made.id).toMatch(/^file-tg1_/);
    expect([first.files.size, second.files.size]).toEqual([0, 1]);
    // From here on the id tells where it is.
    const anywhere = client(TEST_KEY, undefined, "/openai");
    expect(await anywhere.files.retrieve(made.id)).toEqual(made);
    const content = await anywhere.files.content(made.id);
    expect(await content.text()).toBe('{"custom_id":"1"}\n');
    const head = await fetch(`${gateway.url}/v1/files/${made.id}/content`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${TEST_KEY}` },
    });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "18"]);
    const listed = [];
    for await (const file of openai.files.list()) listed.push(file);
    expect(listed).toEqual([made]);
    expect(await anywhere.files.delete(made.id)).toEqual({ id: made.id, object: "file", deleted: true });
    expect(second.files.size).toBe(0);
    expect(gateway.records.map(({ method, provider, status }) => [method, provider, status])).toEqual([
      ["POST", "second", 200],
      ["GET", "second", 200],
      ["GET", "second", 200],
      ["HEAD", "second", 200],
      ["GET", "second", 200],
      ["DELETE", "second", 200],
    ]);
  });

  it("are nobody else's: not by their id, and in no list", async () => {
    const own = client(TEST_KEY, "first");
    const other = client(OTHER_KEY, "first");
    const mine = await upload(own);
    const theirs = await upload(other);
    for (const call of [other.files.retrieve(mine.id), other.files.delete(mine.id), other.files.content(mine.id)]) {
      await expect(call).rejects.toMatchObject({ status: 404, code: "object_not_found" });
    }
    // Nor by the provider's own ids, or one that was changed.
    for (const id of ["file-0raw", `${mine.id.slice(0, -2)}AA`]) {
      await expect(own.files.retrieve(id)).rejects.toMatchObject({ status: 404, code: "object_not_found" });
    }
    expect((await own.files.list()).data).toEqual([mine]);
    expect((await other.files.list()).data).toEqual([theirs]);
    expect(first.files.size).toBe(2);
  });

  it("are listed page by page, though most of a page is of others", async () => {
    const own = client(TEST_KEY, "first");
    const other = client(OTHER_KEY, "first");
    const mine: string[] = [];
    for (let i = 0; i < 3; i++) {
      mine.push((await upload(own)).id);
      await upload(other);
    }
    const listed = [];
    for await (const { id } of own.files.list({ limit: 2 })) listed.push(id);
    expect(listed).toEqual(mine);
  });

  it("go up as they come, however long they are", async () => {
    const bytes = Buffer.alloc(3_000_000, 9);
    await upload(client(TEST_KEY, "first"), new File([bytes], "long.jsonl"));
    expect(first.files.get("file-0raw")?.bytes.equals(bytes)).toBe(true);
  });

  it("are asked for once more where a provider fails, and not sent twice", async () => {
    const openai = client(TEST_KEY, "first");
    const { id } = await upload(openai);
    first.fail(503);
    expect((await openai.files.retrieve(id)).id).toBe(id);
    first.fail(503);
    await expect(upload(openai)).rejects.toMatchObject({ status: 503 });
    expect(first.requests.map(({ method }) => method)).toEqual(["POST", "GET", "GET", "POST"]);
  });

  it("need a provider to be named where there are several", async () => {
    const refused = upload(client(TEST_KEY));
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining("`first`, `second`") });
    await expect(upload(client(TEST_KEY, "nobody"))).rejects.toMatchObject({ status: 400 });
    const { id } = await upload(client(TEST_KEY, "second"));
    await gateway.reload(yaml("first"));
    expect((await upload(client(TEST_KEY))).id).toMatch(/^file-tg1_/);
    await expect(client(TEST_KEY).files.retrieve(id)).rejects.toMatchObject({ status: 404, code: "object_not_found" });
    await gateway.reload(yaml());
  });

  it("that are no form are refused", async () => {
    const headers = {
      authorization: `Bearer ${TEST_KEY}`,
      "x-tidegate-provider": "first",
      "content-type": "text/plain",
    };
    const response = await fetch(`${gateway.url}/v1/files`, { method: "POST", headers, body: "x" });
    expect([response.status, await response.json()]).toMatchObject([
      415,
      { error: { code: "unsupported_media_type" } },
    ]);
  });
});

describe("batches", () => {
  const batch = { endpoint: "/v1/chat/completions", completion_window: "24h" } as const;

  it("are made at the provider of their file, described, listed and cancelled", async () => {
    const file = await upload(client(TEST_KEY, "second"));
    const openai = client(TEST_KEY);
    const made = await openai.batches.create({ ...batch, input_file_id: file.id, metadata: { run: "1" } });
    expect(made).toMatchObject({ object: "batch", input_file_id: file.id, metadata: { run: "1" } });
    expect(made.id).toMatch(/^batch_tg1_/);
    expect(second.batches.size).toBe(1);
    expect(await openai.batches.retrieve(made.id)).toEqual(made);
    const output = await openai.files.content(made.output_file_id as string);
    expect(await output.text()).toBe("out");
    expect((await client(TEST_KEY, "second").batches.list()).data).toEqual([made]);
    expect((await client(OTHER_KEY, "second").batches.list()).data).toEqual([]);
    expect(await openai.batches.cancel(made.id)).toMatchObject({ id: made.id, status: "cancelling" });
  });

  it("name any model, and so are not for callers who may not use all of the provider's", async () => {
    const few = client(FEW_KEY, "first");
    const file = await upload(few);
    const made = few.batches.create({ ...batch, input_file_id: file.id });
    await expect(made).rejects.toMatchObject({ status: 403, code: "model_not_allowed" });
    expect(first.batches.size).toBe(0);
  });

  it("of another application's file or batch there is none", async () => {
    const file = await upload(client(TEST_KEY, "first"));
    const made = await client(TEST_KEY).batches.create({ ...batch, input_file_id: file.id });
    expect(made.metadata).toBe(null);
    const other = client(OTHER_KEY);
    const param = "input_file_id";
    await expect(other.batches.create({ ...batch, input_file_id: file.id })).rejects.toMatchObject({
      status: 404,
      param,
    });
    await expect(other.batches.cancel(made.id)).rejects.toMatchObject({ status: 404 });
    expect(first.batches.size).toBe(1);
  });
});
