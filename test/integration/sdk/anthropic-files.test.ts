import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import {
  type AnthropicFilesProvider,
  startAnthropicFilesProvider,
} from "../../helpers/providers/anthropic-files-provider.ts";
import type { FilesProvider } from "../../helpers/providers/files-provider.ts";
import { startKeepingProvider } from "../../helpers/providers/keeping-provider.ts";
import { Anthropic, OpenAI } from "../../sdk-clients/index.ts";

/** Files at Anthropic for callers of OpenAI's API, and at OpenAI for callers of Anthropic's. */

let claude: AnthropicFilesProvider;
let other: FilesProvider;
let gateway: TestGateway;
beforeAll(async () => {
  [claude, other] = await Promise.all([startAnthropicFilesProvider(), startKeepingProvider(100)]);
  gateway = await startGateway(
    baseYaml(`
providers:
  - { id: claude, kind: anthropic, base_url: "${claude.url}/v1", keys: [{ id: main, value: key-claude }] }
  - { id: other, kind: openai, base_url: "${other.url}/v1", keys: [{ id: main, value: key-other }] }
models:
  - { name: any, targets: [{ provider: other, model: m }, { provider: claude, model: claude-haiku-4-5 }] }
`),
  );
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([claude.close(), other.close()]);
});
beforeEach(() => {
  for (const { requests, files } of [claude, other]) {
    requests.length = 0;
    files.clear();
  }
});

const headersOf = (provider?: string) => (provider === undefined ? {} : { "x-tidegate-provider": provider });
const openai = (provider?: string) =>
  new OpenAI({ apiKey: TEST_KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0, defaultHeaders: headersOf(provider) });
const anthropic = (provider?: string, mount = "") =>
  new Anthropic({ apiKey: TEST_KEY, baseURL: gateway.url + mount, maxRetries: 0, defaultHeaders: headersOf(provider) });
const paper = () => new File(["%PDF"], "paper.pdf", { type: "application/pdf" });

describe.each(["", "/anthropic"])("callers of Anthropic's Files API at %j", (mount) => {
  it("upload, describe, list and delete at the provider of their API", async () => {
    const { files } = anthropic(undefined, mount).beta;
    const made = await files.upload({ file: paper() });
    expect(made).toMatchObject({ type: "file", filename: "paper.pdf", mime_type: "application/pdf", size_bytes: 4 });
    expect(made.id).toMatch(/^file_tg1_/);
    expect([...claude.files.values()][0]?.file.filename).toMatch(/^tg-[0-9a-f]{16}-paper\.pdf$/);
    expect(await files.retrieveMetadata(made.id)).toEqual(made);
    await expect(files.download(made.id)).rejects.toMatchObject({ status: 400 });
    const listed = [];
    for await (const file of files.list()) listed.push(file);
    expect(listed).toEqual([made]);
    expect(await files.delete(made.id)).toEqual({ id: made.id, type: "file_deleted" });
    expect([claude.files.size, other.requests.length]).toEqual([0, 0]);
  });
});

describe("callers of Anthropic's Files API", () => {
  it("list page by page, over all pages of the provider", async () => {
    const { files } = anthropic();
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) await files.upload({ file: new File(["x"], name) });
    const listed = [];
    for await (const { filename } of files.list({ limit: 2 })) listed.push(filename);
    expect(listed).toEqual(names);
  });

  it("get errors in their own form", async () => {
    const refused = anthropic().files.retrieveMetadata("file_010raw");
    await expect(refused).rejects.toMatchObject({
      status: 404,
      error: { type: "error", error: { type: "not_found_error" } },
    });
    await expect(anthropic().files.list({ ids: ["file_1"] })).rejects.toMatchObject({ status: 400 });
  });

  it("have their files at other providers too", async () => {
    const { files } = anthropic("other");
    const made = await files.upload({ file: paper() });
    expect(made).toMatchObject({ type: "file", filename: "paper.pdf", size_bytes: 4 });
    expect(other.files.get("file-100raw")?.file.purpose).toBe("user_data");
    expect((await files.list()).data).toEqual([made]);
    expect(await (await files.download(made.id)).text()).toBe("%PDF");
    expect(await files.delete(made.id)).toEqual({ id: made.id, type: "file_deleted" });
    const expiring = files.upload({ file: paper(), expires_in_seconds: 3600 });
    await expect(expiring).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("expires_in_seconds"),
    });
    expect([other.files.size, claude.requests.length]).toEqual([0, 0]);
  });
});

describe("callers of OpenAI's Files API", () => {
  const upload = (file: File) => openai("claude").files.create({ file, purpose: "user_data" });

  it("have files at Anthropic, and name them in chats", async () => {
    const made = await upload(paper());
    expect(made).toMatchObject({ object: "file", bytes: 4, filename: "paper.pdf", purpose: "user_data" });
    expect(made.created_at).toBe(Date.parse("2026-01-02T03:04:05Z") / 1000);
    expect(await openai().files.retrieve(made.id)).toEqual(made);
    expect((await openai("claude").files.list({ purpose: "user_data" })).data).toEqual([made]);
    expect((await openai("claude").files.list({ purpose: "batch" })).data).toEqual([]);
    const content = [{ type: "file" as const, file: { file_id: made.id } }];
    const answer = await openai().chat.completions.create({ model: "any", messages: [{ role: "user", content }] });
    expect(answer.choices[0]?.message.content).toBe("read it");
    const source = { type: "file", file_id: [...claude.files.keys()][0] };
    expect(claude.last.body.messages).toEqual([{ role: "user", content: [{ type: "document", source }] }]);
    const deleted = await openai().files.delete(made.id);
    expect(deleted).toEqual({ id: made.id, object: "file", deleted: true });
  });

  it.each([
    ["of any length", 3_000_000],
    ["of none", 0],
  ])("upload what is %s, whatever it holds", async (_name, length) => {
    // Beginnings of boundaries among it.
    const bytes = Buffer.alloc(length, "\r\n--");
    await upload(new File([bytes], "long.bin"));
    expect([...claude.files.values()][0]?.bytes.equals(bytes)).toBe(true);
  });

  it("keep to what the provider has", async () => {
    const expiring = openai("claude").files.create({
      file: paper(),
      purpose: "user_data",
      expires_after: { anchor: "created_at", seconds: 3600 },
    });
    await expect(expiring).rejects.toMatchObject({ status: 400, code: "unsupported_field" });
    await expect(openai("claude").files.list({ order: "asc" })).rejects.toMatchObject({ status: 400, param: "order" });
    const { id } = await upload(paper());
    const batch = openai().batches.create({
      input_file_id: id,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    });
    await expect(batch).rejects.toMatchObject({ status: 400, param: "input_file_id" });
  });

  it("need not name a provider while one has their API", async () => {
    await openai().files.create({ file: paper(), purpose: "user_data" });
    expect([other.files.size, claude.files.size]).toEqual([1, 0]);
  });
});

describe("a file that a tool has made", () => {
  const tools = [{ type: "code_execution_20250825", name: "code_execution" }] as const;
  const question = { role: "user" as const, content: "draw" };
  const request = { model: "claude/claude-haiku-4-5", max_tokens: 10, tools: [...tools], messages: [question] };
  const madeIn = (content: readonly unknown[]) => /"file_id":"([^"]+)"/.exec(JSON.stringify(content))?.[1] ?? "";

  it.each([false, true])(
    "has an id of the gateway's, by which it is fetched and named again; streamed: %s",
    async (isStream) => {
      const client = anthropic();
      const stream = () => client.messages.stream(request).finalMessage();
      const { content } = await (isStream ? stream() : client.messages.create(request));
      const id = madeIn(content);
      expect(id).toMatch(/^file_tg1_/);
      expect(await (await client.files.download(id)).text()).toBe("PNG");
      expect(await openai().files.retrieve(id)).toMatchObject({ filename: "chart.png", purpose: "assistants_output" });
      const turn = { role: "assistant" as const, content: content as Anthropic.ContentBlockParam[] };
      const headers = { "anthropic-beta": "files-api-2025-04-14" };
      const messages = [question, turn, question];
      const again = await client.messages.create({ ...request, model: "any", messages }, { headers });
      expect(again.content.at(-1)).toMatchObject({ type: "text", text: "read it" });
      expect(JSON.stringify(claude.last.body)).not.toContain("tg1_");
    },
  );
});
