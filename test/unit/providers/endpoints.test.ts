import { describe, expect, it } from "vitest";
import type { ModelEndpoint } from "../../../src/contracts/provider-endpoints.ts";
import { filesFormOf } from "../../../src/dialects/operations/files.ts";
import { operations } from "../../../src/dialects/operations/index.ts";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";

const messages = [{ role: "user", content: "x" }];
const BODIES: Record<string, object> = {
  count_tokens: { model: "m", messages },
  rerank: { model: "m", query: "x", documents: ["x"] },
  moderations: { model: "m", input: "x" },
};

const listed = CATALOGUE.flatMap(({ kind, dialect, endpoints = {} }) =>
  Object.entries(endpoints).map(([name, endpoint]) => ({ kind, dialect, name, endpoint })),
);

describe("endpoints of the catalogue", () => {
  it.each(listed)("$kind: $name can be asked for", ({ dialect, name, endpoint }) => {
    expect(endpoint.path).toMatch(/^\/[\w/{}:-]+$/);
    if (endpoint.models !== undefined) expect(() => new RegExp(endpoint.models as string)).not.toThrow();
    if (endpoint.form === undefined) return;
    if (name === "files") {
      expect(filesFormOf(endpoint)).toBe(endpoint.form);
      return;
    }
    const target = { model: "m", defaultMaxOutputTokens: 100 };
    const plan = { inbound: "anthropic", outbound: dialect, target } as const;
    const call = operations[name as ModelEndpoint]?.build({ ...BODIES[name] }, plan, endpoint);
    expect(call?.path).toBe(endpoint.path.replace("{model}", "m"));
  });

  it("of OpenAI's models, those that go on with a text have text completions", () => {
    const { completions } = CATALOGUE.find(({ kind }) => kind === "openai")?.endpoints ?? {};
    const models = new RegExp(completions?.models ?? "");
    expect(["gpt-3.5-turbo-instruct", "davinci-002", "ft:babbage-002:org::1"].every((name) => models.test(name))).toBe(
      true,
    );
    expect(["gpt-3.5-turbo", "gpt-5", "o3", "my-davinci-002"].some((name) => models.test(name))).toBe(false);
  });
});
