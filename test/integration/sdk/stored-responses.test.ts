import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import {
  type EndpointServer,
  Refused,
  type SeenRequest,
  startEndpointServer,
} from "../../helpers/providers/endpoint-server.ts";
import { OpenAI } from "../../sdk-clients/index.ts";

const OTHER_KEY = "tg_test_key_of_application_other";

let server: EndpointServer;
let gateway: TestGateway;

/** A file that the call has made, one of a store of others, and one of a container. */
const ANNOTATIONS = [
  { type: "file_path", file_id: "file-made", index: 0 },
  { type: "file_citation", file_id: "file-theirs", filename: "b.txt", index: 0 },
  { type: "container_file_citation", container_id: "cntr_1", file_id: "cfile_1", filename: "c.txt" },
];

/** Says itself that it goes on from another answer, and takes none but its own and one of somebody else's. Repeats labels and tools. */
function create({ body, path }: SeenRequest) {
  const provider = path.split("/")[1];
  const previous = (body.previous_response_id ?? null) as string | null;
  if (previous !== null && ![`resp_1${provider}`, `resp_2${provider}`, "resp_theirs"].includes(previous))
    throw new Refused(`no answer ${previous}`);
  const message = { type: "message", id: "msg_1", role: "assistant", status: "completed" };
  const text = { type: "output_text", text: `id of "resp_1${provider}"`, annotations: ANNOTATIONS };
  const { metadata = {}, tools = [] } = body;
  const response = {
    metadata,
    id: idAfter(previous, provider),
    object: "response",
    created_at: 1,
    tools,
    model: body.model,
    status: "completed",
    previous_response_id: previous,
    output: [{ ...message, content: [text] }],
    usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
  };
  if (body.stream !== true) return { json: response };
  return (answer: import("node:http").ServerResponse) => {
    answer.writeHead(200, { "content-type": "text/event-stream" });
    const events = [
      { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
      { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "hi" },
      { type: "response.completed", response },
    ];
    for (const event of events) answer.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    answer.end();
  };
}

function idAfter(previous: string | null, provider = ""): string {
  if (previous === "resp_theirs") return "resp_4first";
  return (
    { [`resp_1${provider}`]: `resp_2${provider}`, [`resp_2${provider}`]: `resp_3${provider}` }[previous ?? ""] ??
    `resp_1${provider}`
  );
}

beforeAll(async () => {
  const output = [
    { type: "message", id: "m", content: [{ type: "output_text", text: "hi", annotations: ANNOTATIONS }] },
  ];
  const kept = {
    json: { id: "resp_1first", object: "response", status: "cancelled", previous_response_id: null, output },
  };
  const again = (id: string, previous: string | null, isWhole: boolean) => (asked: SeenRequest) => {
    const query = new URLSearchParams(asked.query);
    if (query.get("stream") !== "true") return { json: { ...kept.json, id, previous_response_id: previous } };
    const response = { id, object: "response", status: "completed", previous_response_id: previous, output };
    const events = [
      { type: "response.created", sequence_number: 0, response },
      {
        type: "response.output_text.delta",
        sequence_number: 1,
        item_id: "m",
        output_index: 0,
        content_index: 0,
        delta: "hi",
      },
      { type: "response.completed", sequence_number: 2, response },
    ].filter(({ sequence_number: number }) => number > Number(query.get("starting_after") ?? -1));
    const written = isWhole ? events : events.slice(0, 2);
    return (answer: import("node:http").ServerResponse) => {
      answer.writeHead(200, { "content-type": "text/event-stream" });
      answer.end(written.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
    };
  };
  server = await startEndpointServer({
    "POST /first/responses": create,
    "POST /second/responses": create,
    "GET /first/responses/resp_1first": again("resp_1first", null, false),
    "GET /first/responses/resp_2first": again("resp_2first", "resp_1first", true),
    "GET /first/responses/resp_3first": again("resp_3first", "resp_2first", true),
    "GET /first/responses/resp_4first": again("resp_4first", "resp_theirs", true),
    "POST /first/responses/resp_1first/cancel": () => kept,
    "DELETE /first/responses/resp_1first": () => ({ json: { id: "resp_1first", object: "response", deleted: true } }),
    "GET /first/files/file-made/content": () => (answer) => void answer.end("made"),
    "GET /first/responses/resp_1first/input_items": () => ({
      json: { object: "list", data: [{ id: "msg_0" }], has_more: false },
    }),
  });
  const provider = (id: string) =>
    `  - { id: ${id}, kind: openai, api: both, base_url: "${server.url}/${id}", keys: [{ id: main, value: key-${id} }], retries: { attempts: 0 } }`;
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }]
applications:
  - { id: web, team: default, keys: ["${TEST_KEY}"], subscriptions: [ai] }
  - { id: other, team: default, keys: ["${OTHER_KEY}"], subscriptions: [ai] }
providers:
${provider("first")}
${provider("second")}
models:
  - { name: any, targets: [{ provider: second, model: m }, { provider: first, model: m }] }
  - { name: rescued, on_broken_stream: continue, targets: [{ provider: first, model: m }] }
`);
});
afterAll(async () => {
  await gateway.close();
  await server.close();
});
beforeEach(() => {
  server.requests.length = 0;
});

const client = (apiKey = TEST_KEY) => new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
const begin = () => client().responses.create({ model: "first/m", input: "one" });

describe("answers that a provider keeps", () => {
  it("are read, cancelled and deleted by their id, which tells the provider", async () => {
    const openai = client();
    const { id, output_text: text } = await begin();
    expect(id).toMatch(/^resp_tg1_/);
    // What the model says stays what it says.
    expect(text).toBe('id of "resp_1first"');
    expect(await openai.responses.retrieve(id)).toMatchObject({ id, object: "response" });
    expect(await openai.responses.cancel(id)).toMatchObject({ id, status: "cancelled" });
    expect((await openai.responses.inputItems.list(id)).data).toEqual([{ id: "msg_0" }]);
    await openai.responses.delete(id);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /first/responses",
      "GET /first/responses/resp_1first",
      "POST /first/responses/resp_1first/cancel",
      "GET /first/responses/resp_1first/input_items",
      "DELETE /first/responses/resp_1first",
    ]);
  });

  it("are nobody else's", async () => {
    const { id } = await begin();
    const other = client(OTHER_KEY);
    const refusal = { status: 404, code: "object_not_found" };
    await expect(other.responses.retrieve(id)).rejects.toMatchObject(refusal);
    await expect(other.responses.delete(id)).rejects.toMatchObject(refusal);
    const next = other.responses.create({ model: "first/m", input: "two", previous_response_id: id });
    await expect(next).rejects.toMatchObject({ ...refusal, param: "previous_response_id" });
    await expect(client().responses.retrieve("resp_1first")).rejects.toMatchObject(refusal);
    expect(server.requests).toHaveLength(1);
  });

  it("are gone on from where they are kept, whatever the route would choose", async () => {
    const openai = client();
    const { id } = await begin();
    const next = await openai.responses.create({ model: "any", input: "two", previous_response_id: id });
    expect(next.previous_response_id).toBe(id);
    expect(server.last).toMatchObject({ path: "/first/responses", body: { previous_response_id: "resp_1first" } });
    const wrong = openai.responses.create({ model: "second/m", input: "two", previous_response_id: id });
    await expect(wrong).rejects.toMatchObject({ status: 400, param: "previous_response_id" });
  });

  it("have the same id in a stream, from its first event to its last", async () => {
    const { id } = await begin();
    const stream = await client().responses.create({
      model: "any",
      input: "x",
      previous_response_id: id,
      stream: true,
    });
    const seen: (string | null | undefined)[] = [];
    for await (const event of stream) {
      if ("response" in event) seen.push(event.response.id, event.response.previous_response_id);
    }
    expect(seen[0]).toMatch(/^resp_tg1_/);
    expect(seen).toEqual([seen[0], id, seen[0], id]);
  });

  it("are streamed once more, from where the caller is, with its ids", async () => {
    const { id } = await begin();
    const next = await client().responses.create({ model: "first/m", input: "two", previous_response_id: id });
    const seen = async (after?: number) => {
      const query = after === undefined ? {} : { starting_after: after };
      const stream = await client().responses.retrieve(next.id, { stream: true, ...query });
      const events: unknown[] = [];
      for await (const event of stream) {
        events.push(
          "response" in event ? [event.type, event.response.id, event.response.previous_response_id] : event.type,
        );
      }
      return events;
    };
    const last = ["response.completed", next.id, id];
    expect(await seen()).toEqual([["response.created", next.id, id], "response.output_text.delta", last]);
    expect(await seen(1)).toEqual([last]);
    expect(server.last.query).toBe("stream=true&starting_after=1");
    expect(await seen(2)).toEqual([]);
    expect((await gateway.record(gateway.records.at(-1)?.id)).outcome).toBe("ok");
  });

  it("are named by their ids in what goes on from them, read again and all the way back", async () => {
    const openai = client();
    const { id } = await begin();
    const next = await openai.responses.create({ model: "first/m", input: "two", previous_response_id: id });
    const last = await openai.responses.create({ model: "first/m", input: "three", previous_response_id: next.id });
    expect(await openai.responses.retrieve(last.id)).toMatchObject({ id: last.id, previous_response_id: next.id });
    expect(await openai.responses.retrieve(next.id)).toMatchObject({ id: next.id, previous_response_id: id });
  });

  it("Fixed: gave whoever knew a provider's id of an answer an id with which to read and delete it", async () => {
    const openai = client();
    const known = { input: "two", previous_response_id: "resp_theirs" };
    const made = await openai.responses.create({ model: "first/m", ...known });
    expect(made.previous_response_id).toBe("resp_theirs");
    expect(await openai.responses.retrieve(made.id)).toMatchObject({
      id: made.id,
      previous_response_id: "resp_theirs",
    });
    const seen: (string | null | undefined)[] = [];
    for await (const event of await openai.responses.retrieve(made.id, { stream: true })) {
      if ("response" in event) seen.push(event.response.previous_response_id);
    }
    expect(seen).toEqual(["resp_theirs", "resp_theirs"]);
    const next = await openai.responses.create({ model: "first/m", input: "x", metadata: { id: "resp_theirs" } });
    expect(next.metadata).toEqual({ id: "resp_theirs" });
    expect(next.id).toMatch(/^resp_tg1_/);
  });

  it.each([false, true])(
    "Fixed: gave whoever knew a provider's id of a file one of the gateway's, stream: %s",
    async (stream) => {
      const theirs = { type: "file_path", file_id: "file-theirs" };
      const tool = { type: "function", name: "f", strict: false, parameters: { type: "object", default: theirs } };
      const response = await fetch(`${gateway.url}/v1/responses`, {
        method: "POST",
        headers: { authorization: `Bearer ${TEST_KEY}`, "content-type": "application/json" },
        body: JSON.stringify({ model: "first/m", input: "x", stream, metadata: theirs, tools: [tool] }),
      });
      const text = await response.text();
      expect(text.match(/"file_path","file_id":"file-theirs"/g)?.length).toBe(stream ? 4 : 2);
      expect(text).toMatch(/"file_path","file_id":"file-tg1_/);
    },
  );

  it("are streamed once more to an error, where the provider's stream breaks off", async () => {
    const { id } = await begin();
    const stream = await client().responses.retrieve(id, { stream: true });
    const seen = async () => {
      const types: string[] = [];
      for await (const { type } of stream) types.push(type);
      return types;
    };
    await expect(seen()).rejects.toMatchObject({ code: "upstream_reset" });
  });

  it("have ids of the gateway's in streams that another target may go on with", async () => {
    const stream = await client().responses.create({ model: "rescued", input: "x", stream: true });
    const seen: string[] = [];
    for await (const event of stream) if ("response" in event) seen.push(event.response.id);
    expect(seen).toEqual([expect.stringMatching(/^resp_tg1_/), seen[0]]);
  });

  it("name files that they have made by ids of the gateway's, and all others as the provider does", async () => {
    const openai = client();
    const filesOf = (response: OpenAI.Responses.Response) =>
      (response.output[0] as OpenAI.Responses.ResponseOutputMessage).content.flatMap((part) =>
        part.type === "output_text" ? part.annotations.map((one) => ("file_id" in one ? one.file_id : "")) : [],
      );
    const made = await begin();
    const [file] = filesOf(made);
    expect(filesOf(made)).toEqual([expect.stringMatching(/^file-tg1_/), "file-theirs", "cfile_1"]);
    const completed: string[][] = [];
    for (const stream of [
      await openai.responses.create({ model: "first/m", input: "x", stream: true }),
      await openai.responses.retrieve(
        (await openai.responses.create({ model: "first/m", input: "x", previous_response_id: made.id })).id,
        { stream: true },
      ),
    ]) {
      for await (const event of stream)
        if (event.type === "response.completed") completed.push(filesOf(event.response));
    }
    expect(completed).toEqual([filesOf(made), filesOf(made)]);
    expect(filesOf(await openai.responses.retrieve(made.id))).toEqual(filesOf(made));
    expect(await (await openai.files.content(file as string)).text()).toBe("made");
  });
});
