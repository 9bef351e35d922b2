import { afterAll, beforeAll, expect, it } from "vitest";
import { type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import {
  type AnthropicFilesProvider,
  startAnthropicFilesProvider,
} from "../../helpers/providers/anthropic-files-provider.ts";
import type { FilesProvider } from "../../helpers/providers/files-provider.ts";
import { startKeepingProvider } from "../../helpers/providers/keeping-provider.ts";

/** A call that names a file of the gateway is the stages', also where calls of its kind are carried natively. */

let first: FilesProvider;
let second: FilesProvider;
let claude: AnthropicFilesProvider;
let gateway: FastGateway;
beforeAll(async () => {
  [first, second, claude] = await Promise.all([
    startKeepingProvider(100),
    startKeepingProvider(200),
    startAnthropicFilesProvider(),
  ]);
  gateway = await startFastGateway(
    nativeYaml(`
providers:
  - { id: first, kind: openai-compatible, base_url: "${first.url}/v1", keys: [{ id: main, value: key-first }] }
  - { id: second, kind: openai-compatible, base_url: "${second.url}/v1", keys: [{ id: main, value: key-second }] }
  - { id: claude, kind: anthropic, base_url: "${claude.url}/v1", keys: [{ id: main, value: key-claude }] }
models:
  - { name: any, targets: [{ provider: first, model: m }, { provider: second, model: m }] }
`),
  );
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([first.close(), second.close(), claude.close()]);
});

const headers = { authorization: `Bearer ${TEST_KEY}` };

async function ask(content: unknown): Promise<void> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ model: "any", messages: [{ role: "user", content }] }),
  });
  expect(response.status, await response.text()).toBe(200);
}

it("goes to where the file is kept, and plain calls go natively before and after", async () => {
  const form = new FormData();
  form.set("purpose", "user_data");
  form.set("file", new File(["%PDF"], "paper.pdf"));
  const made = await fetch(`${gateway.url}/v1/files`, {
    method: "POST",
    headers: { ...headers, "x-tidegate-provider": "second" },
    body: form,
  });
  const { id } = (await made.json()) as { id: string };
  await ask("plain");
  expect(await gateway.way(() => ask("plain"))).toBe("native");
  expect(await gateway.way(() => ask([{ type: "file", file: { file_id: id } }]))).toBe("stages");
  expect(second.last.body.messages).toMatchObject([{ content: [{ file: { file_id: "file-200raw" } }] }]);
  expect(await gateway.way(() => ask("plain"))).toBe("native");
  expect(first.requests).toHaveLength(3);
});

it("is looked at where its answer may hold files, whose ids are to be the gateway's", async () => {
  const call = async (fields: object) => {
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ model: "claude/m", max_tokens: 9, messages: [{ role: "user", content: "x" }], ...fields }),
    });
    return response.text();
  };
  await call({});
  expect(await gateway.way(() => call({}))).toBe("native");
  const tools = [{ type: "code_execution_20250825", name: "code_execution" }];
  let answer = "";
  const way = await gateway.way(async () => {
    answer = await call({ tools });
  });
  expect(way).toBe("stages");
  expect(answer).toMatch(/"file_id":"file_tg1_/);
});

it("has headers of its own, which calls of its kind have not", async () => {
  const call = async (content: unknown) => {
    await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ model: "claude/m", messages: [{ role: "user", content }] }),
    });
    return claude.last.headers["anthropic-beta"];
  };
  const file = [{ type: "file", file: { file_id: "file_of-elsewhere" } }];
  expect(await call(file)).toBe("files-api-2025-04-14");
  expect(await call("plain")).toBe(undefined);
  const seen: unknown[] = [];
  const ways = [];
  for (const content of ["plain", file, "plain"]) {
    ways.push(await gateway.way(async () => void seen.push(await call(content))));
  }
  expect(ways).toEqual(["native", "stages", "native"]);
  expect(seen).toEqual([undefined, "files-api-2025-04-14", undefined]);
});
