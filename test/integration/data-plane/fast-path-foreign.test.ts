import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FastGateway, startFastGateway } from "../../helpers/fast-path.ts";
import { baseYaml, TEST_KEY } from "../../helpers/gateway.ts";
import type { SimulatedProvider } from "../../helpers/providers/http-provider.ts";
import { NO_RETRIES, type ProviderName, providersYaml, startProviders } from "../../helpers/unified-api.ts";

/**
 * Thinking that a provider of the Responses API has signed stays out of what goes on, in the caller's own dialect, to
 * another provider; calls that hold none go the native way all the same.
 */

let providers: Record<ProviderName, SimulatedProvider>;
let gateway: FastGateway;
beforeAll(async () => {
  providers = await startProviders();
  const models = `
models:
  - { name: thinker, targets: [{ provider: openai, model: gpt-5-mini, api: responses }] }`;
  gateway = await startFastGateway(baseYaml(`${providersYaml(providers, NO_RETRIES)}\n${models}`));
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(Object.values(providers).map((provider) => provider.close()));
});

async function post(path: string, body: object): Promise<string> {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

const QUESTION = { role: "user", content: "one two" };
const SIGNATURE = "openai-responses:rs_1:gAAAA";

describe.each([
  {
    name: "openai" as const,
    path: "/v1/chat/completions",
    model: "openai/gpt-4o-mini",
    turn: {
      role: "assistant",
      content: "so",
      reasoning_content: "Hm",
      reasoning_details: [{ type: "reasoning.text", text: "Hm", signature: SIGNATURE, index: 0 }],
    },
    expected: { role: "assistant", content: "so" },
  },
  {
    name: "anthropic" as const,
    path: "/v1/messages",
    model: "anthropic/claude-haiku-4-5",
    turn: {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Hm", signature: SIGNATURE },
        { type: "text", text: "so" },
      ],
    },
    expected: { role: "assistant", content: [{ type: "text", text: "so" }] },
  },
])("to $name", ({ name, path, model, turn, expected }) => {
  const request = { model, max_tokens: 50 };

  it("a conversation without it goes the native way, one with it loses it and goes on", async () => {
    const plain = { ...request, messages: [QUESTION] };
    await post(path, plain);
    expect(await gateway.way(() => post(path, plain))).toBe("native");
    expect(providers[name].last.body).toEqual({ ...plain, model: model.slice(name.length + 1) });
    const mixed = { ...request, messages: [QUESTION, turn, QUESTION] };
    expect(await gateway.way(() => post(path, mixed))).toBe("stages");
    expect(providers[name].last.body).toMatchObject({ messages: [QUESTION, expected, QUESTION] });
    expect(await gateway.way(() => post(path, plain))).toBe("native");
  });
});

it("a turn of nothing else goes with it", async () => {
  const turn = { role: "assistant", content: [{ type: "thinking", thinking: "Hm", signature: SIGNATURE }] };
  await post("/v1/messages", {
    model: "anthropic/claude-haiku-4-5",
    max_tokens: 50,
    messages: [QUESTION, turn, QUESTION],
  });
  expect(providers.anthropic.last.body).toMatchObject({ messages: [QUESTION, QUESTION] });
});
