import { afterAll, beforeAll, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway(baseYaml("providers: [{ id: simulated, kind: simulated }]"));
});
afterAll(() => gateway.close());

function chat(body: object, headers: Record<string, string> = {}) {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}`, ...headers },
    body: JSON.stringify(body),
  });
}

it("answers a chat completion and logs one record", async () => {
  const response = await chat({ model: "simulated/echo", messages: [{ role: "user", content: "hello big world" }] });
  expect(response.status).toBe(200);
  const body = (await response.json()) as { choices: { message: { content: string } }[]; usage: object };
  expect(body.choices[0]?.message.content).toBe("hello big world");
  const record = await gateway.record(response.headers.get("x-request-id"));
  expect(record).toMatchObject({
    status: 200,
    application: "web",
    team: "default",
    service: "ai",
    provider: "simulated",
    modelAsked: "simulated/echo",
    modelServed: "echo",
    attempts: 1,
    inputTokens: 3,
    outputTokens: 3,
    outcome: "ok",
    errorCode: null,
  });
});

it("streams", async () => {
  const response = await chat({
    model: "simulated/echo",
    stream: true,
    messages: [{ role: "user", content: "one two three" }],
  });
  const text = await response.text();
  expect(text).toContain('"content":" two"');
  expect(text).not.toContain('"usage":{');
  expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  const record = await gateway.record(response.headers.get("x-request-id"));
  expect(record).toMatchObject({ streamed: true, outputTokens: 3, outcome: "ok" });
});

it("speaks the Anthropic dialect to callers", async () => {
  const response = await fetch(`${gateway.url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": TEST_KEY, "anthropic-version": "2023-06-01" },
    body: JSON.stringify({
      model: "simulated/echo",
      max_tokens: 100,
      messages: [{ role: "user", content: "hello world" }],
    }),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    type: "message",
    role: "assistant",
    content: [{ type: "text", text: "hello world" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 2, output_tokens: 2 },
  });
});

it("refuses without a key and with a wrong one", async () => {
  const body = { model: "simulated/echo", messages: [{ role: "user", content: "hello" }] };
  const without = await chat(body, { authorization: "" });
  expect(without.status).toBe(401);
  const wrong = await chat(body, { authorization: "Bearer tg_wrong" });
  expect(wrong.status).toBe(401);
  expect(await wrong.json()).toMatchObject({ error: { code: "invalid_credentials" } });
});
