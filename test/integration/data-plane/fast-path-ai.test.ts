import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  expectParity,
  type FastGateway,
  nativeYaml,
  seenByProvider,
  startFastGateway,
  type Way,
} from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import type { Behaviour } from "../../helpers/providers/behaviour.ts";
import type { RawConnection } from "../../helpers/raw-client.ts";
import { type ProviderName, providersYaml, startProviders } from "../../helpers/unified-api.ts";
import { type SeenRequest, startUpstream, type TestUpstream, type UpstreamHandler } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Calls to models: what the native fast path makes of them is what the stages made of the first one. */

interface Case {
  /** Model route over these; "own": a server of this case, of the dialect of `kind`. */
  targets: (ProviderName | "own")[];
  kind?: "openai" | "anthropic";
  answer?: UpstreamHandler;
  /** What the providers do instead of answering as they should, for each call anew. */
  behave?: Partial<Record<ProviderName, Behaviour[]>>;
  path?: "/v1/chat/completions" | "/v1/messages" | "/v2/chat" | "/v1/embeddings";
  /** Fields of the request. */
  fields?: object;
  /** The request's body, instead of one made of the fields. */
  body?: (model: string) => string;
  headers?: string;
  chunked?: boolean;
  /** Of the model route. */
  settings?: string;
  converse?: (connection: RawConnection) => Promise<unknown>;
  way?: Way;
}

const MODELS: Record<ProviderName, string> = {
  openai: "gpt-4o-mini",
  anthropic: "claude-haiku-4-5",
  gemini: "gemini-2.5-flash",
  cohere: "command-a-03-2025",
  bedrock: "anthropic.claude-haiku-4-5-20251001-v1:0",
};
const MESSAGES = "/v1/messages";
const STREAM = { stream: true };
const WITH_USAGE = { stream: true, stream_options: { include_usage: true } };
const RETRIES = "retries: { attempts: 2, on: [429, 500, 503, reset, timeout], backoff: 1ms, max_backoff: 2ms }";

const json =
  (body: unknown, headers: Record<string, string> = {}, status = 200): UpstreamHandler =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
/** Events in these pieces, one write each. */
const events =
  (...pieces: string[]): UpstreamHandler =>
  (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const next = (index: number): void => {
      const piece = pieces[index];
      if (piece === undefined) response.end();
      else response.write(piece, () => setTimeout(next, 5, index + 1));
    };
    next(0);
  };
const chunk = (fields: object) =>
  `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", model: "served-1", choices: [], ...fields })}\n\n`;
const delta = (content: string, finish: string | null = null) =>
  chunk({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] });
const usage = chunk({ usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } });
const noModel = `data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n`;
const USAGE_OF_FLOATS = `data: {"choices":[],"usage":{"prompt_tokens":7.0,"completion_tokens":3e0}}\n\n`;
const USAGE_OVER_TWO_LINES = `data: {"choices":[],\ndata: "usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n`;
const DONE = "data: [DONE]\n\n";
const failing = (status: number, headers: Record<string, string> = {}): Behaviour => ({
  kind: "status",
  status,
  headers,
  body: { error: { message: `failed with ${status}`, type: "server_error", param: null, code: null } },
});
const three = (behaviour: Behaviour): Behaviour[] => [behaviour, behaviour, behaviour];
const completion = (fields: object) => ({
  id: "c1",
  object: "chat.completion",
  model: "served-1",
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
  ...fields,
});
const leave =
  (after: string) =>
  async (connection: RawConnection): Promise<unknown> => {
    if (after !== "") await waitFor(() => connection.received.includes(after), "the beginning of the answer");
    else await new Promise((resolve) => setTimeout(resolve, 100));
    connection.close();
    return "left";
  };

const CASES: Record<string, Case> = {
  "OpenAI, whole": { targets: ["openai"] },
  "Anthropic, whole": { targets: ["anthropic"], path: MESSAGES },
  "OpenAI, streamed": { targets: ["openai"], fields: STREAM },
  "OpenAI, streamed with usage": { targets: ["openai"], fields: WITH_USAGE },
  "OpenAI, streamed with usage and another option": {
    targets: ["openai"],
    fields: { stream: true, stream_options: { include_usage: true, include_obfuscation: false } },
    way: "stages",
  },
  "OpenAI, streamed with usage unwanted": {
    targets: ["openai"],
    fields: { stream: true, stream_options: { include_usage: false } },
    way: "stages",
  },
  "OpenAI, stream: false": { targets: ["openai"], fields: { stream: false } },
  "OpenAI, stream: null": { targets: ["openai"], fields: { stream: null }, way: "stages" },
  "Anthropic, streamed": { targets: ["anthropic"], path: MESSAGES, fields: STREAM },
  "OpenAI to Anthropic, whole": { targets: ["anthropic"], fields: { max_tokens: 50 } },
  "OpenAI to Anthropic, streamed": { targets: ["anthropic"], fields: WITH_USAGE, way: "stages" },
  "OpenAI to Gemini, whole": { targets: ["gemini"] },
  "Anthropic to OpenAI, whole": { targets: ["openai"], path: MESSAGES },
  "Anthropic to Gemini, whole": { targets: ["gemini"], path: MESSAGES },
  "Cohere to OpenAI, whole": { targets: ["openai"], path: "/v2/chat" },
  "OpenAI to Cohere, whole": { targets: ["cohere"] },
  "Cohere to Cohere": { targets: ["cohere"], path: "/v2/chat", way: "stages" },
  "what a target can't do": { targets: ["anthropic", "openai"], fields: { n: 2 }, way: "stages" },
  embeddings: {
    targets: ["own"],
    path: "/v1/embeddings",
    fields: { input: "hello" },
    answer: json({
      object: "list",
      model: "e-1",
      data: [{ object: "embedding", index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: 5, total_tokens: 5 },
    }),
  },
  "embeddings in base64": {
    targets: ["own"],
    path: "/v1/embeddings",
    fields: { input: "hello", encoding_format: "base64" },
    answer: json({ object: "list", model: "e-1", data: [], usage: { prompt_tokens: 5, total_tokens: 5 } }),
  },
  "Anthropic's own headers": {
    targets: ["anthropic"],
    path: MESSAGES,
    headers:
      "Anthropic-Version: 2023-06-01\r\nanthropic-beta: one-2025\r\nanthropic-beta: two-2025\r\nopenai-beta: x\r\nAccept: text/html\r\nCookie: a=b\r\n",
  },
  "OpenAI's own headers": {
    targets: ["openai"],
    headers:
      "OpenAI-Beta: assistants=v2\r\nOpenAI-Organization: org\r\nanthropic-beta: x\r\nx-simulated-token-ms: 5\r\nUser-Agent: sdk\r\n",
  },
  "another content type": { targets: ["openai"], headers: "Content-Type: text/plain\r\n" },
  "a body in chunks": { targets: ["openai"], chunked: true },
  "a body with blanks and unknown fields": {
    targets: ["own"],
    body: (model) => ` {\n "unknown" : [1.50, {"model":"inner"}],\r\n\t"model"  :  "${model}" , "x":"\\"model\\":"} \n`,
    answer: json(completion({})),
  },
  "a model's name with escapes": {
    targets: ["own"],
    body: (model) => `{"model":"\\u006d${model.slice(1)}","messages":[]}`,
    answer: json(completion({})),
    way: "stages",
  },
  "a field twice": {
    targets: ["own"],
    body: (model) => `{"model":"x","model":"${model}"}`,
    answer: json(completion({})),
    way: "stages",
  },
  "a body of 70 KB": { targets: ["openai"], fields: { user: "u".repeat(70_000) } },
  "a translated body of 70 KB": {
    targets: ["anthropic"],
    fields: { messages: [{ role: "user", content: "word ".repeat(14_000) }] },
  },
  "a body that is translated in the pool": {
    targets: ["anthropic"],
    fields: { messages: [{ role: "user", content: "word ".repeat(80_000) }] },
    way: "stages",
  },
  "an answer without usage": { targets: ["own"], answer: json(completion({})) },
  "an answer with usage null": { targets: ["own"], answer: json(completion({ usage: null })) },
  "an answer with details of usage": {
    targets: ["own"],
    answer: json(
      completion({
        usage: {
          prompt_tokens: 100,
          completion_tokens: 20,
          prompt_tokens_details: { cached_tokens: 64 },
          completion_tokens_details: { reasoning_tokens: 5 },
        },
      }),
    ),
  },
  "an answer with odd usage": {
    targets: ["own"],
    answer: json(completion({ usage: { prompt_tokens: 1.5, completion_tokens: "x" } })),
    way: "handed over",
  },
  "an answer without a model": { targets: ["own"], answer: json({ choices: [] }) },
  "an answer whose model has escapes": {
    targets: ["own"],
    answer: json('{"model":"a\\u0062","choices":[]}'),
    way: "handed over",
  },
  "an answer with two usages": {
    targets: ["own"],
    answer: json('{"usage":{"prompt_tokens":1},"model":"a","usage":{"prompt_tokens":2,"completion_tokens":1}}'),
    way: "handed over",
  },
  "an answer of 201": { targets: ["own"], answer: json(completion({}), {}, 201) },
  "an answer of 302": { targets: ["own"], answer: json("{}", { location: "/x" }, 302), way: "handed over" },
  "an answer of 204": { targets: ["own"], answer: (_, response) => response.writeHead(204).end(), way: "handed over" },
  "an answer that is not JSON": { targets: ["own"], answer: json("<html>"), settings: RETRIES, way: "handed over" },
  "an answer of another type": { targets: ["own"], answer: json(completion({}), { "content-type": "text/plain" }) },
  "an answer with encoding": {
    targets: ["own"],
    answer: json(completion({}), { "content-encoding": "identity" }),
    way: "handed over",
  },
  "an answer in chunks": {
    targets: ["own"],
    answer: (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"model":"served-1",');
      setTimeout(() => response.end('"usage":{"prompt_tokens":1,"completion_tokens":2}}'), 10);
    },
  },
  "an answer of 900 KB": {
    targets: ["own"],
    answer: json(completion({ x: "y".repeat(900_000), usage: { prompt_tokens: 1, completion_tokens: 2 } })),
  },
  "an answer that is too long": {
    targets: ["own"],
    answer: json(completion({ x: "y".repeat(1_200_000) })),
    way: "handed over",
  },
  "an answer in chunks that is too long": {
    targets: ["own"],
    answer: (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write(" ".repeat(1_000_000));
      setTimeout(() => response.end(" ".repeat(200_000)), 10);
    },
    way: "handed over",
  },
  "a stream where none was wanted": { targets: ["own"], answer: events(delta("a"), DONE), way: "handed over" },
  "no stream where one was wanted": {
    targets: ["own"],
    fields: STREAM,
    answer: json(completion({})),
    way: "handed over",
  },
  "400": { targets: ["openai"], behave: { openai: three(failing(400)) }, way: "handed over" },
  "401 that repeats the provider's key": {
    targets: ["openai"],
    behave: {
      openai: three({
        kind: "status",
        status: 401,
        body: { error: { message: "no: sk-openai-provider-key-1234567890" } },
      }),
    },
    way: "handed over",
  },
  "429 for good": {
    targets: ["openai"],
    behave: { openai: three(failing(429, { "retry-after": "7" })) },
    way: "handed over",
  },
  "429 and another target": {
    targets: ["openai", "gemini"],
    behave: { openai: [failing(429)] },
    settings: RETRIES,
    way: "handed over",
  },
  "500 and the same target": {
    targets: ["openai"],
    behave: { openai: [failing(500)] },
    settings: RETRIES,
    way: "handed over",
  },
  "500 with a long body": {
    targets: ["openai"],
    behave: { openai: three({ kind: "status", status: 500, body: "x".repeat(66_000) }) },
    settings: "retries: { attempts: 0 }",
    way: "handed over",
  },
  "a reset, and another target of another dialect": {
    targets: ["openai", "anthropic"],
    behave: { openai: [{ kind: "reset" }] },
    settings: RETRIES,
    way: "handed over",
  },
  "a reset of a translated call": {
    targets: ["anthropic", "openai"],
    behave: { anthropic: [{ kind: "reset" }] },
    settings: RETRIES,
    way: "handed over",
  },
  "half a head": {
    targets: ["openai"],
    behave: { openai: [{ kind: "half-close" }] },
    settings: RETRIES,
    way: "handed over",
  },
  garbage: {
    targets: ["openai"],
    behave: { openai: three({ kind: "garbage" }) },
    settings: RETRIES,
    way: "handed over",
  },
  "an answer that is longer than announced": {
    targets: ["openai"],
    behave: { openai: three({ kind: "length-too-short" }) },
    settings: "retries: { attempts: 0 }",
    way: "handed over",
  },
  "an answer that is shorter than announced": {
    targets: ["openai"],
    behave: { openai: three({ kind: "length-too-long" }) },
    settings: "retries: { attempts: 0 }",
    way: "handed over",
  },
  "no answer in time": {
    targets: ["openai", "gemini"],
    behave: { openai: [{ kind: "stall" }] },
    settings: `${RETRIES}, timeouts: { first_byte: 100ms }`,
    way: "handed over",
  },
  "the total timeout before the answer": {
    targets: ["openai"],
    behave: { openai: [{ kind: "stall" }] },
    settings: `${RETRIES}, timeouts: { total: 200ms }`,
    way: "handed over",
  },
  "an error as the first event": {
    targets: ["openai", "gemini"],
    fields: STREAM,
    behave: { openai: [{ kind: "error-event", afterEvents: 0 }] },
    settings: RETRIES,
    way: "handed over",
  },
  "an error as a later event": {
    targets: ["openai", "gemini"],
    fields: STREAM,
    behave: { openai: [{ kind: "error-event", afterEvents: 2 }] },
    settings: RETRIES,
  },
  "an error as a later event, of Anthropic": {
    targets: ["anthropic"],
    path: MESSAGES,
    fields: STREAM,
    behave: { anthropic: [{ kind: "error-event", afterEvents: 5 }] },
  },
  "an error event of another shape": {
    targets: ["own"],
    fields: STREAM,
    answer: events(delta("a"), 'data: {"object":"error","message":"out of memory","code":500}\n\n'),
  },
  "an error event that repeats the provider's key": {
    targets: ["own"],
    fields: STREAM,
    answer: events(delta("a"), 'data: {"error":{"message":"bad key own-key-1234567890","type":"x","code":"y"}}\n\n'),
  },
  "an error event of Anthropic that repeats the provider's key": {
    targets: ["own"],
    kind: "anthropic",
    path: MESSAGES,
    fields: STREAM,
    answer: events(
      'event: message_start\ndata: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":5,"output_tokens":1}}}\n\n',
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"one"}}\n\n',
      'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"own-key-1234567890"}}\n\n',
    ),
  },
  "a stream that is reset": {
    targets: ["openai"],
    fields: STREAM,
    behave: { openai: [{ kind: "cut-stream", afterEvents: 2 }] },
  },
  "a stream that is reset before its first event": {
    targets: ["openai", "gemini"],
    fields: STREAM,
    behave: { openai: [{ kind: "cut-stream", afterEvents: 0 }] },
    settings: RETRIES,
    way: "handed over",
  },
  "a stream that ends early": {
    targets: ["openai"],
    fields: WITH_USAGE,
    behave: { openai: [{ kind: "end-stream", afterEvents: 2 }] },
  },
  "a stream that ends early, of Anthropic": {
    targets: ["anthropic"],
    path: MESSAGES,
    fields: STREAM,
    behave: { anthropic: [{ kind: "end-stream", afterEvents: 4 }] },
  },
  "a stream without an event": {
    targets: ["openai", "gemini"],
    fields: STREAM,
    behave: { openai: [{ kind: "end-stream", afterEvents: 0 }] },
    settings: RETRIES,
    way: "handed over",
  },
  "a stream with a malformed event": {
    targets: ["openai"],
    fields: STREAM,
    behave: { openai: [{ kind: "malformed-event", afterEvents: 1 }] },
  },
  "a stream that falls silent": {
    targets: ["openai"],
    fields: STREAM,
    behave: { openai: [{ kind: "stall-stream", afterEvents: 2 }] },
    settings: "timeouts: { idle: 150ms }",
  },
  "the total timeout of a stream": {
    targets: ["openai"],
    fields: STREAM,
    behave: { openai: [{ kind: "stall-stream", afterEvents: 2 }] },
    settings: "timeouts: { total: 250ms }",
  },
  "a stream of CRLF lines, comments, and events over several reads": {
    targets: ["own"],
    fields: STREAM,
    answer: events(
      ": hello\r\n\r\n",
      delta("a").replaceAll("\n", "\r\n"),
      delta("b").slice(0, 20),
      `${delta("b").slice(20)}${delta("c")}${delta("d").slice(0, -1)}`,
      `\n${delta("e", "stop")}${usage}`,
      DONE.slice(0, -2),
    ),
  },
  "a stream whose usage comes with the last choice": {
    targets: ["own"],
    fields: STREAM,
    answer: events(
      delta("a"),
      chunk({
        choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
        usage: { prompt_tokens: 3, completion_tokens: 1 },
      }),
      DONE,
    ),
  },
  "a stream whose usage comes first": {
    targets: ["own"],
    fields: STREAM,
    answer: events(`${usage}${delta("a", "stop")}`, DONE),
  },
  "a stream whose first event only a parser can read, with others behind it": {
    targets: ["own"],
    fields: STREAM,
    answer: events(
      `${noModel}data: {"model":"mod\\u0065l","choices":[{"index":0,"delta":{"content":"one"}}]}\n\n${delta("two")}`,
      delta("three", "stop"),
      DONE,
    ),
    way: "handed over",
  },
  "the same, all of it at once and with a length": {
    targets: ["own"],
    fields: STREAM,
    answer: (_, response) => {
      const text = `data: {"model":"mod\\u0065l","choices":[{"index":0,"delta":{"content":"one"}}]}\n\n${delta("two", "stop")}${DONE}`;
      response.writeHead(200, { "content-type": "text/event-stream", "content-length": Buffer.byteLength(text) });
      response.end(text);
    },
    way: "handed over",
  },
  "a stream whose usage only a parser can read": {
    targets: ["own"],
    fields: WITH_USAGE,
    answer: events(delta("a"), delta("b", "stop"), USAGE_OF_FLOATS, DONE),
  },
  "a stream whose usage only a parser can read, and that breaks off": {
    targets: ["own"],
    fields: WITH_USAGE,
    answer: events(delta("a"), USAGE_OF_FLOATS, delta("b")),
  },
  "a stream whose usage is written over two lines": {
    targets: ["own"],
    fields: WITH_USAGE,
    answer: events(delta("a"), delta("b", "stop"), USAGE_OVER_TWO_LINES, DONE),
  },
  "a stream of large events": {
    targets: ["own"],
    fields: STREAM,
    answer: events(
      delta("a".repeat(100_000)),
      delta("b".repeat(200_000)),
      delta("c".repeat(70_000), "stop"),
      usage,
      DONE,
    ),
  },
  "a caller that leaves before the answer": {
    targets: ["openai"],
    behave: { openai: [{ kind: "stall" }] },
    converse: leave(""),
  },
  "a caller that leaves its stream": {
    targets: ["openai"],
    fields: STREAM,
    behave: { openai: [{ kind: "stall-stream", afterEvents: 3 }] },
    converse: leave("two"),
  },
  "bug: a caller that leaves at the end marker of its stream": {
    targets: ["openai"],
    fields: WITH_USAGE,
    behave: { openai: [{ kind: "stall-stream", afterEvents: 1000 }] },
    converse: leave("[DONE]"),
  },
  "a caller that leaves its stream, of Anthropic": {
    targets: ["anthropic"],
    path: MESSAGES,
    fields: STREAM,
    behave: { anthropic: [{ kind: "stall-stream", afterEvents: 5 }] },
    converse: leave("content_block_delta"),
  },
};

const NAMES = Object.keys(CASES);
let providers: Awaited<ReturnType<typeof startProviders>>;
const own = new Map<string, TestUpstream>();
let gateway: FastGateway;

beforeAll(async () => {
  providers = await startProviders();
  const entries: string[] = [];
  const models: string[] = [];
  for (const [index, name] of NAMES.entries()) {
    const { targets, kind = "openai", answer, settings = "retries: { attempts: 0 }" } = CASES[name] as Case;
    if (targets.includes("own")) {
      const server = await startUpstream(answer);
      own.set(name, server);
      entries.push(
        `  - { id: own${index}, kind: ${kind}, base_url: "${server.url}/v1", keys: [{ id: main, value: own-key-1234567890 }] }`,
      );
    }
    const places = targets.map((target) =>
      target === "own"
        ? `{ provider: own${index}, model: "gpt-4o" }`
        : `{ provider: ${target}, model: ${MODELS[target]} }`,
    );
    models.push(
      `  - { name: m${index}, targets: [${places.join(", ")}], circuit_breaker: { failures: 0 }, ${settings} }`,
    );
  }
  gateway = await startFastGateway(
    nativeYaml(
      `${providersYaml(providers)}\n${entries.join("\n")}\nmodels:\n${models.join("\n")}\nai: { max_response_size: 1MiB, offload_size: 256KiB }`,
      {
        limits: "[{ requests: 100000, window: 1h }, { tokens: 100000000, window: 1h }, { cost_usd: 1000, window: 1h }]",
      },
    ),
  );
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([...own.values(), ...Object.values(providers)].map((server) => server.close()));
});

function requestOf(name: string): Buffer {
  const { path = "/v1/chat/completions", fields = {}, body, headers = "", chunked = false } = CASES[name] as Case;
  const model = `m${NAMES.indexOf(name)}`;
  const text =
    body?.(model) ??
    JSON.stringify({
      model,
      ...(path === "/v1/embeddings" ? {} : { messages: [{ role: "user", content: "one two three four five six" }] }),
      ...(path === "/v1/messages" ? { max_tokens: 100 } : {}),
      ...fields,
    });
  const type = headers.includes("Content-Type") ? "" : "Content-Type: application/json\r\n";
  const framing = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${Buffer.byteLength(text)}`;
  const sent = chunked ? `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n` : text;
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TEST_KEY}\r\n${type}${headers}${framing}\r\n\r\n${sent}`,
  );
}

describe("a call that the governor lets through is the call that the stages made", () => {
  it.each(NAMES)("%s", async (name) => {
    const { behave = {}, converse, way = "native" } = CASES[name] as Case;
    const seen = (): SeenRequest[] => [
      ...Object.values(providers).flatMap(({ requests }) => requests.map(seenByProvider)),
      ...(own.get(name)?.requests ?? []),
    ];
    for (const provider of Object.values(providers)) provider.reset();
    const first = await expectParity(
      gateway,
      {
        bytes: requestOf(name),
        seen,
        prepare: () => {
          for (const provider of Object.values(providers)) provider.reset();
          for (const [provider, behaviours] of Object.entries(behave)) {
            providers[provider as ProviderName].behave(...behaviours);
          }
        },
        ...(converse === undefined ? {} : { converse }),
      },
      way,
    );
    expect(first.record).toMatchObject({ service: "ai", application: "web" });
    expect(JSON.stringify(first.answer)).not.toContain("-key-1234567890");
  });
});
