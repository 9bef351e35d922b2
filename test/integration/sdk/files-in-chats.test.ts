import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { startAnthropicProvider } from "../../helpers/providers/anthropic-provider.ts";
import type { FilesProvider } from "../../helpers/providers/files-provider.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { startKeepingProvider } from "../../helpers/providers/keeping-provider.ts";
import { Anthropic, GoogleGenAI, OpenAI } from "../../sdk-clients/index.ts";

/** Files of `/v1/files` are named in chats and answers, and these go where the file is kept, whatever their route would choose. */

const OTHER_KEY = "tg_test_key_of_application_other";

let first: FilesProvider;
let second: FilesProvider;
let elsewhere: SimulatedProvider;
let gateway: TestGateway;

const yaml = (keysOfSecond: string, fieldsOfWeb = "") => `
version: 1
listeners: [{ address: "127.0.0.1:0" }]
applications:
  - { id: web, ${fieldsOfWeb} team: default, keys: ["${TEST_KEY}"], subscriptions: [ai] }
  - { id: other, team: default, keys: ["${OTHER_KEY}"], subscriptions: [ai] }
providers:
  - { id: first, kind: openai, api: both, base_url: "${first.url}/v1", keys: [{ id: main, value: key-first }] }
  - { id: second, kind: openai, api: both, base_url: "${second.url}/v1", keys: ${keysOfSecond}, circuit_breaker: { failures: 0 } }
  - { id: elsewhere, kind: anthropic, base_url: "${elsewhere.baseUrl}", keys: [{ id: main, value: "${elsewhere.key}" }] }
models:
  - name: any
    retries: { attempts: 3, backoff: 1ms }
    targets: [{ provider: first, model: m }, { provider: elsewhere, model: claude-haiku-4-5 }, { provider: second, model: m }]
  - { name: spread, strategy: weighted, targets: [{ provider: first, model: m, weight: 1000 }, { provider: second, model: m }] }
  - name: mirrored
    mirror: { targets: [{ provider: first, model: m }] }
    targets: [{ provider: second, model: m }]
  - name: canary
    canary: { percent: 100, header: { name: x-canary, value: "1" }, targets: [{ provider: first, model: m }] }
    targets: [{ provider: second, model: m }]
  - name: ruled
    rules: [{ name: documents, when: { content: [document] }, targets: [{ provider: first, model: m }] }]
    targets: [{ provider: second, model: m }]
  - name: raced
    hedging: { after: 1ms, max_share: 100% }
    targets: [{ provider: second, model: slow }, { provider: first, model: m }]
  - { name: rescued, on_broken_stream: restart, targets: [{ provider: second, model: cut }, { provider: first, model: m }] }
`;
const TWO_KEYS = "[{ id: main, value: key-second }, { id: spare, value: key-spare, weight: 100 }]";

beforeAll(async () => {
  [first, second, elsewhere] = await Promise.all([
    startKeepingProvider(100),
    startKeepingProvider(200),
    startAnthropicProvider(),
  ]);
  gateway = await startGateway(yaml(TWO_KEYS));
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([first.close(), second.close(), elsewhere.close()]);
});
beforeEach(() => {
  for (const provider of [first, second]) {
    provider.requests.length = 0;
    provider.forget();
  }
  elsewhere.requests.length = 0;
  gateway.records.length = 0;
});

const client = (apiKey = TEST_KEY, headers: Record<string, string> = {}) =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0, defaultHeaders: headers });

async function upload(provider: string, apiKey = TEST_KEY): Promise<string> {
  const file = new File(["%PDF"], "paper.pdf");
  const made = await client(apiKey, { "x-tidegate-provider": provider }).files.create({ file, purpose: "user_data" });
  return made.id;
}

/** A chat that names files. */
const about = (model: string, ...ids: string[]) => ({
  model,
  messages: [{ role: "user" as const, content: ids.map((id) => ({ type: "file" as const, file: { file_id: id } })) }],
});
const chats = ({ requests }: FilesProvider) => requests.filter(({ path }) => !path.startsWith("/v1/files"));

describe("a file of the gateway", () => {
  it("is named in chats, whole and streamed, and goes to its provider under that one's name", async () => {
    const id = await upload("second");
    const answer = await client().chat.completions.create(about("any", id));
    expect(answer.choices[0]?.message.content).toBe("read it");
    expect(second.last.body.messages).toEqual(about("", "file-200raw").messages);
    const stream = await client().chat.completions.create({ ...about("spread", id), stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("read it");
    expect([chats(first).length, elsewhere.requests.length]).toEqual([0, 0]);
    expect(JSON.stringify(second.requests.map(({ body }) => body))).not.toContain("tg1_");
  });

  it("leaves the rest of a body as it is, byte for byte", async () => {
    const id = await upload("second");
    const body = (model: string, file: string) =>
      `{"messages":[ {"role":"user","content":[{"type":"file","file":{"file_id": "${file}"}},{"type":"text","text":"${id} \\u00e9 é"}]}],\n"temperature":1.0,"seed":12345678901234567890,"model":"${model}"}`;
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${TEST_KEY}`, "content-type": "application/json" },
      body: body("second/m", id),
    });
    expect(response.status).toBe(200);
    expect(second.last.bytes.toString()).toBe(body("m", "file-200raw"));
  });

  it("is found in bodies of any length", async () => {
    const long = { type: "text" as const, text: "x".repeat(2_000_000) };
    const { model, messages } = about("any", await upload("second"));
    const content = [long, ...(messages[0]?.content ?? [])];
    await client().chat.completions.create({ model, messages: [{ role: "user", content }] });
    const [named] = about("", "file-200raw").messages;
    expect(second.last.body.messages).toEqual([{ role: "user", content: [long, ...(named?.content ?? [])] }]);
  });

  it("is named in the Responses API: files, images, and what a tool may read", async () => {
    const id = await upload("second");
    const container = { type: "auto" as const, file_ids: [id] };
    await client().responses.create({
      model: "any",
      input: [
        {
          role: "user",
          content: [
            { type: "input_file", file_id: id },
            { type: "input_image", file_id: id, detail: "auto" },
          ],
        },
      ],
      tools: [{ type: "code_interpreter", container }],
    });
    expect(second.last.path).toBe("/v1/responses");
    const seen = JSON.stringify(second.last.body);
    expect(seen.match(/file-200raw/g)).toHaveLength(3);
    expect(seen).not.toContain("tg1_");
  });

  it("is named by callers of Anthropic's and Gemini's APIs as by those of OpenAI's", async () => {
    const id = await upload("second");
    const anthropic = new Anthropic({ apiKey: TEST_KEY, baseURL: gateway.url, maxRetries: 0 });
    const message = await anthropic.messages.create({
      model: "any",
      max_tokens: 10,
      messages: [{ role: "user", content: [{ type: "document", source: { type: "file", file_id: id } }] }],
    });
    expect(message.content).toMatchObject([{ type: "text", text: "read it" }]);
    const gemini = new GoogleGenAI({ apiKey: TEST_KEY, httpOptions: { baseUrl: gateway.url } });
    for (const fileUri of [id, `https://generativelanguage.googleapis.com/v1beta/files/${id}`]) {
      const parts = [{ fileData: { fileUri, mimeType: "application/pdf" } }];
      const content = await gemini.models.generateContent({ model: "any", contents: [{ role: "user", parts }] });
      expect(content.text).toBe("read it");
    }
    const part = { type: "file", file: { file_id: "file-200raw" } };
    expect(chats(second).map(({ body }) => (body.messages as { content: unknown }[])[0]?.content)).toEqual([
      [part],
      [part],
      [part],
    ]);
  });

  it("is named in a text that is a list of files, as Qwen has it", async () => {
    const content = `fileid://${await upload("second")}`;
    await client().chat.completions.create({ model: "any", messages: [{ role: "system", content }] });
    expect(second.last.body.messages).toEqual([{ role: "system", content: "fileid://file-200raw" }]);
  });

  it("is an image to be edited", async () => {
    const images = [{ file_id: await upload("second") }];
    const response = await fetch(`${gateway.url}/v1/images/edits`, {
      method: "POST",
      headers: { authorization: `Bearer ${TEST_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "any", prompt: "with a hat", images }),
    });
    expect([response.status, second.last.body.images]).toEqual([200, [{ file_id: "file-200raw" }]]);
  });

  it("is counted where it is kept", async () => {
    const id = await upload("second");
    const counted = await client().responses.inputTokens.count({
      model: "any",
      input: [{ role: "user", content: [{ type: "input_file", file_id: id }] }],
    });
    expect(counted.input_tokens).toBe(17);
    expect(JSON.stringify(second.last.body)).toContain("file-200raw");
  });

  it("of another application is none, as one that was never made", async () => {
    const theirs = await upload("second", OTHER_KEY);
    const changed = `${(await upload("second")).slice(0, -2)}AA`;
    for (const id of [theirs, changed]) {
      const refusal = { status: 404, code: "object_not_found", param: "messages[0].content[0].file.file_id" };
      await expect(client().chat.completions.create(about("second/m", id))).rejects.toMatchObject(refusal);
    }
    const anthropic = new Anthropic({ apiKey: TEST_KEY, baseURL: gateway.url, maxRetries: 0 });
    const document = { type: "document" as const, source: { type: "file" as const, file_id: theirs } };
    const refused = anthropic.messages.create({
      model: "any",
      max_tokens: 10,
      messages: [{ role: "user", content: [document] }],
    });
    await expect(refused).rejects.toMatchObject({
      status: 404,
      error: { type: "error", error: { message: expect.stringContaining("messages[0].content[0].source.file_id") } },
    });
    expect(chats(second)).toEqual([]);
  });

  it("is refused where the model has no target at its provider, and so are files of two", async () => {
    const [one, other] = [await upload("first"), await upload("second")];
    const wrong = client().chat.completions.create(about("elsewhere/claude-haiku-4-5", one));
    await expect(wrong).rejects.toMatchObject({
      status: 400,
      code: "unsupported_field",
      param: "messages[0].content[0].file.file_id",
      message: expect.stringContaining("provider `first`"),
    });
    const both = client().chat.completions.create(about("any", one, other));
    await expect(both).rejects.toMatchObject({
      status: 400,
      param: "messages[0].content[1].file.file_id",
      message: expect.stringMatching(/`second`.*`first`/),
    });
    expect([chats(first), chats(second), elsewhere.requests]).toEqual([[], [], []]);
  });

  it("of a provider's own name goes on as it is, wherever the route leads", async () => {
    await upload("first");
    await client().chat.completions.create(about("any", "file-100raw"));
    expect(first.last.body.messages).toEqual(about("", "file-100raw").messages);
  });
});

describe("a call with a file", () => {
  it("fails over to nobody who does not have it", async () => {
    const id = await upload("second");
    second.fail(503, 503);
    await client().chat.completions.create(about("any", id));
    expect(chats(second)).toHaveLength(3);
    second.fail(503, 503, 503, 503);
    await expect(client().chat.completions.create(about("any", id))).rejects.toMatchObject({ status: 503 });
    expect([chats(first).length, elsewhere.requests.length]).toEqual([0, 0]);
  });

  it("is made with the key that the file was made with", async () => {
    const id = await upload("second");
    for (let i = 0; i < 3; i++) await client().chat.completions.create(about("any", id));
    expect(new Set(second.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set(["Bearer key-second"]),
    );
    // Another key is not tried where this one is refused.
    second.fail(401);
    await expect(client().chat.completions.create(about("second/m", id))).rejects.toMatchObject({ status: 401 });
    expect(second.last.headers.authorization).toBe("Bearer key-second");
    await gateway.reload(yaml("[{ id: spare, value: key-spare }]"));
    const gone = client().chat.completions.create(about("second/m", id));
    await expect(gone).rejects.toMatchObject({ status: 404, code: "object_not_found" });
    await gateway.reload(yaml(TWO_KEYS));
  });

  it("waits for that key where it is at its limit", async () => {
    const limited = "{ id: main, value: key-second, limits: [{ requests: 1, window: 1h }] }";
    await gateway.reload(yaml(`[${limited}, { id: spare, value: key-spare }]`));
    const id = await upload("second");
    await client().chat.completions.create(about("any", id));
    const refusal = { status: 503, message: expect.stringMatching(/messages\[0\].*key `main`/) };
    await expect(client().chat.completions.create(about("any", id))).rejects.toMatchObject(refusal);
    await gateway.reload(yaml(TWO_KEYS));
    expect([chats(first).length, chats(second).length]).toEqual([0, 1]);
  });

  it("is in no mirror and in no race", async () => {
    const id = await upload("second");
    await client().chat.completions.create(about("mirrored", id));
    await client().chat.completions.create(about("raced", id));
    // A copy of this one comes after any of those.
    await client().chat.completions.create({ model: "mirrored", messages: [{ role: "user", content: "plain" }] });
    await expect.poll(() => chats(first).length).toBe(1);
    expect(chats(first)[0]?.body.messages).toEqual([{ role: "user", content: "plain" }]);
  });

  it("is rescued by nobody who does not have the file", async () => {
    const stream = await client().chat.completions.create({
      ...about("rescued", await upload("second")),
      stream: true,
    });
    const seen = async () => {
      for await (const _chunk of stream);
    };
    await expect(seen()).rejects.toThrow();
    expect(chats(first)).toEqual([]);
  });

  it("is in no canary of another provider, unless its caller wants to be in it", async () => {
    const id = await upload("second");
    await client().chat.completions.create(about("canary", id));
    expect(chats(second)).toHaveLength(1);
    const asked = client(TEST_KEY, { "x-canary": "1" }).chat.completions.create(about("canary", id));
    await expect(asked).rejects.toMatchObject({ status: 400, code: "unsupported_field" });
  });

  it("gets no stored answer to a call with another provider's file of the same name", async () => {
    await gateway.reload(yaml(TWO_KEYS, "policies: { cache: { default_ttl: 1h } },"));
    second.forget(100);
    const [one, other] = [await upload("first"), await upload("second")];
    for (const id of [one, other, other]) await client().chat.completions.create(about("any", id));
    await gateway.reload(yaml(TWO_KEYS));
    expect([chats(first).length, chats(second).length]).toEqual([1, 1]);
  });

  it("goes by the rules of its model all the same", async () => {
    const refused = client().chat.completions.create(about("ruled", await upload("second")));
    await expect(refused).rejects.toMatchObject({ status: 400, code: "unsupported_field" });
    await client().chat.completions.create(about("ruled", await upload("first")));
    expect(chats(first)).toHaveLength(1);
  });

  it("goes to those of its caller's fallbacks that have it", async () => {
    const id = await upload("second");
    const fallbacks = { ...about("first/m", id), fallbacks: ["elsewhere/claude-haiku-4-5", "second/m"] };
    await client().chat.completions.create(fallbacks as OpenAI.ChatCompletionCreateParamsNonStreaming);
    const only = client(TEST_KEY, { "x-tidegate-no-fallback": "true" });
    await only.chat.completions.create(about("any", id));
    expect([chats(first).length, chats(second).length]).toEqual([0, 2]);
  });
});
