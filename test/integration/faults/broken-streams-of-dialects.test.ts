import { describe, expect, it } from "vitest";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import type { DialectName } from "../../../src/contracts/ir.ts";
import { useFaults } from "../../helpers/faults.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { SAID } from "../../helpers/model-route.ts";
import type { Behaviour } from "../../helpers/providers/behaviour.ts";
import { type ReadStream, readStream } from "../../helpers/read-stream.ts";
import type { ProviderName } from "../../helpers/unified-api.ts";

const MODELS: Record<ProviderName, string> = {
  openai: "gpt-4o-mini",
  anthropic: "claude-haiku-4-5",
  gemini: "gemini-2.5-flash",
  cohere: "command-a-03-2025",
  bedrock: "anthropic.claude-haiku-4-5-20251001-v1:0",
};
const target = (name: ProviderName, rest = "") => `{ provider: ${name}, model: "${MODELS[name]}"${rest} }`;
const route = (name: string, mode: string, ...targets: string[]) => `
  - name: ${name}
    targets: [${targets.join(", ")}]
    timeouts: { idle: 300ms }
    retries: { attempts: 1, backoff: 1ms }
    circuit_breaker: { failures: 0 }
    on_broken_stream: ${mode}`;

const SAME: ProviderName[] = ["openai", "anthropic", "gemini", "cohere", "bedrock"];
const faults = useFaults(
  [
    ...SAME.map((name) =>
      route(`from-${name}`, "continue", target(name), target(name === "anthropic" ? "bedrock" : "anthropic")),
    ),
    ...SAME.map((name) =>
      route(`anew-${name}`, "restart", target(name), target(name === "openai" ? "anthropic" : "openai")),
    ),
    route("items", "continue", target("openai", ", api: responses"), target("anthropic")),
    route("chat", "continue", target("openai"), target("anthropic")),
    `${route("hedged", "continue", target("openai"), target("anthropic"))}
    hedging: { after: 60ms, max_share: 100% }`,
  ].join(""),
);

interface Asked {
  read: ReadStream;
  record: CallRecord;
  bytes: Buffer;
}

/** A streamed call in a caller's own dialect; `more`: fields of its body. */
async function askIn(dialect: DialectName, model: string, more: object = {}, query = "?alt=sse"): Promise<Asked> {
  const messages = [{ role: "user", content: SAID }];
  const calls: Record<DialectName, [path: string, body: object]> = {
    openai: ["/v1/chat/completions", { model, stream: true, messages }],
    "openai-responses": ["/v1/responses", { model, stream: true, input: SAID }],
    anthropic: ["/v1/messages", { model, stream: true, max_tokens: 100, messages }],
    gemini: [
      `/v1beta/models/${model}:streamGenerateContent${query}`,
      { contents: [{ role: "user", parts: [{ text: SAID }] }] },
    ],
    cohere: ["/v2/chat", { model, stream: true, messages }],
    bedrock: [`/model/${model}/converse-stream`, { messages: [{ role: "user", content: [{ text: SAID }] }] }],
  };
  const [path, body] = calls[dialect];
  const response = await fetch(faults.at.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TEST_KEY}` },
    body: JSON.stringify({ ...body, ...more }),
  });
  expect(response.status).toBe(200);
  const bytes = Buffer.from(await response.arrayBuffer());
  const record = await faults.at.record(response.headers.get("x-request-id"));
  return { read: query === "" ? readArray(bytes) : readStream(dialect, bytes), record, bytes };
}

function readArray(bytes: Buffer): ReadStream {
  const elements = JSON.parse(bytes.toString()) as object[];
  return readStream("gemini", Buffer.from(elements.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("")));
}

const CUT: Behaviour = { kind: "cut-stream", afterEvents: 5 };

describe.each(SAME)("a stream that goes through untouched: %s", (name) => {
  it("is gone on with by another target", async () => {
    const whole = await askIn(name, `from-${name}`);
    expect(whole.record.attempts).toBe(1);
    faults.providers[name].behave(CUT);
    const { read, record } = await askIn(name, `from-${name}`);
    expect(read).toMatchObject({ text: SAID, isWhole: true, error: null });
    expect(record).toMatchObject({ attempts: 2, outcome: "ok", errorCode: null });
    expect(record.provider).not.toBe(name);
  });

  it("is whole wherever it is cut", async () => {
    // Before the first token another target answers; behind the last one the end is all that is missing.
    for (let afterEvents = 0; afterEvents <= 12; afterEvents++) {
      faults.providers[name].behave({ kind: "end-stream", afterEvents });
      const { read, record } = await askIn(name, `from-${name}`);
      expect({ afterEvents, ...read }).toMatchObject({ afterEvents, text: SAID, isWhole: true, error: null });
      expect(record).toMatchObject({ outcome: "ok", errorCode: null });
      expect(record.attempts).toBeLessThanOrEqual(2);
    }
  });

  it("is gone on with by a target that answers anew", async () => {
    faults.providers[name].behave(CUT);
    const { read, record } = await askIn(name, `anew-${name}`);
    expect(read).toMatchObject({ text: SAID, isWhole: true, error: null });
    expect(record).toMatchObject({ attempts: 2, outcome: "ok" });
  });

  it("ends with an error when the other one fails as well", async () => {
    const other = name === "anthropic" ? "bedrock" : "anthropic";
    faults.providers[name].behave(CUT);
    faults.providers[other].behave({ kind: "reset" });
    const { read, record } = await askIn(name, `from-${name}`);
    expect(SAID.startsWith(read.text)).toBe(true);
    expect(read.isWhole).toBe(false);
    expect(read.error).not.toBeNull();
    expect(record).toMatchObject({ outcome: "upstream_cut", errorCode: "upstream_reset", attempts: 2 });
  });
});

describe("other streams", () => {
  it("callers of the Responses API: translated ones are gone on with", async () => {
    faults.providers.openai.behave(CUT);
    const { read, record } = await askIn("openai-responses", "chat");
    expect(read).toMatchObject({ text: SAID, isWhole: true, error: null });
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2 });
  });

  it("callers of the Responses API: items that a provider has named end with an error", async () => {
    faults.providers.openai.behave({ kind: "cut-stream", afterEvents: 7 });
    const { read, record } = await askIn("openai-responses", "items");
    expect(read.text).not.toBe("");
    expect(read.isWhole).toBe(false);
    expect(read.error).not.toBeNull();
    expect(record).toMatchObject({ attempts: 1, outcome: "upstream_cut" });
  });

  it("one JSON array goes on as one", async () => {
    faults.providers.gemini.behave(CUT);
    const { read, record } = await askIn("gemini", "from-gemini", {}, "");
    expect(read).toMatchObject({ text: SAID, isWhole: true, error: null });
    expect(record).toMatchObject({ provider: "anthropic", attempts: 2 });
  });

  it("the faster one of two, when it breaks off", async () => {
    faults.providers.openai.behave({ kind: "delay", ms: 300 });
    faults.providers.anthropic.behave(CUT);
    const { read, record } = await askIn("openai", "hedged");
    expect(read).toMatchObject({ text: SAID, isWhole: true, error: null });
    expect(record).toMatchObject({ attempts: 3, outcome: "ok" });
    const others = JSON.parse(record.otherAttempts ?? "[]");
    expect(others).toMatchObject([
      { provider: "openai", outcome: "lost" },
      { provider: "anthropic", outcome: "broken" },
    ]);
  });

  it("one that breaks off twice", async () => {
    faults.providers.openai.behave({ kind: "cut-stream", afterEvents: 3 });
    faults.providers.anthropic.behave({ kind: "cut-stream", afterEvents: 5 });
    const { read, record } = await askIn("openai", "chat");
    // There is one further attempt.
    expect(read.isWhole).toBe(false);
    expect(read.error).not.toBeNull();
    expect(SAID.startsWith(read.text)).toBe(true);
    expect(record).toMatchObject({ attempts: 2, outcome: "upstream_cut" });
    expect(JSON.parse(record.otherAttempts ?? "[]")).toMatchObject([{ outcome: "broken" }, { outcome: "broken" }]);
  });
});

describe("calls of tools in progress", () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const tools = {
    openai: { tools: [{ type: "function", function: { name: "weather", parameters } }] },
    anthropic: { tools: [{ name: "weather", input_schema: parameters }] },
  };

  it.each(["openai", "anthropic"] as const)("are made anew, and keep their ids: %s", async (name) => {
    const { read: whole } = await askIn(name, `from-${name}`, tools[name]);
    expect(whole.calls).toHaveLength(1);
    faults.providers[name].behave({ kind: "cut-stream", afterEvents: 4 });
    const { read, record } = await askIn(name, `from-${name}`, tools[name]);
    expect(read.calls).toEqual(whole.calls);
    expect(read).toMatchObject({ isWhole: true, error: null });
    expect(record).toMatchObject({ attempts: 2, outcome: "ok" });
  });

  it.each(["openai", "anthropic"] as const)("are whole wherever they are cut: %s", async (name) => {
    const made = ({ calls }: ReadStream) => calls.map(({ name: called, arguments: given }) => [called, given]);
    const { read: whole } = await askIn(name, `from-${name}`, tools[name]);
    for (let afterEvents = 0; afterEvents <= 12; afterEvents++) {
      faults.providers[name].behave({ kind: "end-stream", afterEvents });
      const { read } = await askIn(name, `from-${name}`, tools[name]);
      expect({ afterEvents, made: made(read), isWhole: read.isWhole }).toEqual({
        afterEvents,
        made: made(whole),
        isWhole: true,
      });
    }
  });

  it("of Gemini's callers at Gemini end with an error", async () => {
    const call = { functionCall: { name: "weather", args: { city: "Rome" } } };
    const piece = { candidates: [{ index: 0, content: { role: "model", parts: [call] } }] };
    faults.providers.gemini.behave({
      kind: "events",
      events: [`data: ${JSON.stringify(piece)}\n\n`],
      intervalMs: 0,
    });
    const { read, record } = await askIn("gemini", "from-gemini");
    expect(read.isWhole).toBe(false);
    expect(read.error).not.toBeNull();
    expect(record).toMatchObject({ attempts: 1, outcome: "upstream_cut" });
  });
});

describe("thinking", () => {
  const fields = { max_tokens: 2000, thinking: { type: "enabled", budget_tokens: 1024 } };

  it("is given once, wherever it breaks off", async () => {
    for (let afterEvents = 0; afterEvents <= 24; afterEvents++) {
      faults.providers.anthropic.behave({ kind: "end-stream", afterEvents });
      const { read } = await askIn("anthropic", "from-anthropic", fields);
      const thinking = `They said: ${SAID}`;
      expect({ afterEvents, ...read }).toMatchObject({ afterEvents, text: SAID, thinking, isWhole: true });
    }
  });

  it.each([
    ["in its middle", 6],
    // The start, the opened block and a ping; eight words; the signature and the end of the block.
    ["at its end", 3 + 8 + 2],
    ["behind it, within the text", 3 + 8 + 2 + 3],
  ])("that breaks off %s stays as it is, and is given once", async (_, afterEvents) => {
    const { read: whole } = await askIn("anthropic", "from-anthropic", fields);
    expect(whole.thinking).not.toBe("");
    faults.providers.anthropic.behave({ kind: "cut-stream", afterEvents });
    const { read, record } = await askIn("anthropic", "from-anthropic", fields);
    expect(read).toMatchObject({ text: SAID, thinking: whole.thinking, isWhole: true, error: null });
    expect(record).toMatchObject({ outcome: "ok", provider: "bedrock" });
  });
});
