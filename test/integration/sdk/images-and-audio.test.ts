import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import {
  accept,
  type EndpointServer,
  type SeenRequest,
  startEndpointServer,
} from "../../helpers/providers/endpoint-server.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { OpenAI } from "../../sdk-clients/index.ts";

const IMAGE_FIELDS = ["n", "size", "stream", "partial_images", "quality", "images"];
const IMAGE_USAGE = {
  input_tokens: 1000,
  output_tokens: 100,
  total_tokens: 1100,
  input_tokens_details: { text_tokens: 100, image_tokens: 900 },
};
const SOUND = Buffer.alloc(300_000, 7);
const AUDIO_TOKENS = { audio_tokens: 900, text_tokens: 100 };
const TEXT = {
  text: "hello",
  usage: { type: "tokens", input_tokens: 1000, output_tokens: 100, input_token_details: AUDIO_TOKENS },
};

const sse = (events: readonly object[]) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");

function images({ body }: SeenRequest) {
  accept(body, ["model", "prompt"], IMAGE_FIELDS);
  if (body.stream !== true) return { json: { created: 1, data: [{ b64_json: "aGk=" }], usage: IMAGE_USAGE } };
  const partial = { type: "image_generation.partial_image", b64_json: "aA==", partial_image_index: 0 };
  const completed = { type: "image_generation.completed", b64_json: "aGk=", usage: IMAGE_USAGE };
  return (response: import("node:http").ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(sse([partial]));
    response.end(body.prompt === "cut" ? "" : sse([completed]));
  };
}

/** What the next form is answered with. */
let answerForm: { type: string; body: string } = { type: "application/json", body: "{}" };
function form({ headers }: SeenRequest) {
  if (headers["content-type"]?.startsWith("multipart/form-data") !== true) return { status: 400, json: {} };
  return (response: import("node:http").ServerResponse) => {
    response.writeHead(200, { "content-type": answerForm.type });
    response.end(answerForm.body);
  };
}

/** Looks at requests to it while they arrive. */
let watch: ((message: IncomingMessage) => void) | null = null;

let server: EndpointServer;
let gateway: TestGateway;
let openai: OpenAI;
beforeAll(async () => {
  server = await startEndpointServer(
    {
      "POST /openai/images/generations": images,
      "POST /openai/images/edits": (seen) =>
        seen.headers["content-type"]?.startsWith("multipart/") ? form(seen) : images(seen),
      "POST /openai/audio/speech": ({ body }) => {
        accept(body, ["model", "input", "voice"], ["stream_format", "response_format"]);
        return (response) => {
          const isEvents = body.stream_format === "sse";
          response.writeHead(200, { "content-type": isEvents ? "text/event-stream" : "audio/mpeg" });
          if (isEvents)
            response.end(
              sse([
                { type: "speech.audio.delta", audio: "aA==" },
                { type: "speech.audio.done", usage: { input_tokens: 5, output_tokens: 7, total_tokens: 12 } },
              ]),
            );
          else if (body.input === "cut") response.write(SOUND, () => response.destroy());
          else response.end(SOUND);
        };
      },
      "POST /openai/audio/transcriptions": form,
      "POST /second/audio/transcriptions": form,
      "POST /openai/audio/translations": form,
    },
    (message, response) => {
      if (watch === null) return false;
      watch(message);
      message.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end('{"text":"long"}'));
      return true;
    },
  );
  const provider = (id: string, kind: string) =>
    `  - { id: ${id}, kind: ${kind}, base_url: "${server.url}/${id}", keys: [{ id: main, value: key-${id} }], circuit_breaker: { failures: 0 } }`;
  gateway = await startGateway(
    baseYaml(`ai: { max_body_size: 150MiB }
providers:
${provider("openai", "openai")}
${provider("second", "groq")}
${provider("anthropic", "anthropic")}
  - { id: simulated, kind: simulated }
models:
  - name: scribe
    retries: { attempts: 1 }
    targets: [{ provider: openai, model: whisper-1 }, { provider: second, model: whisper-large-v3 }]
`).replace('address: "127.0.0.1:0"', 'address: "127.0.0.1:0", max_body_size: 150MiB'),
  );
  openai = new OpenAI({ apiKey: TEST_KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await gateway.close();
  await server.close();
});
beforeEach(() => {
  server.requests.length = 0;
  gateway.records.length = 0;
  watch = null;
  answerForm = { type: "application/json", body: JSON.stringify(TEXT) };
});

const theRecord = () => waitFor(() => gateway.records[0], "the record of the call");
/** As the provider's own reader of forms has it. */
const formOf = ({ bytes, headers }: SeenRequest) =>
  new Response(bytes, { headers: { "content-type": headers["content-type"] ?? "" } }).formData();
const file = (bytes: Buffer, name = "a.mp3") => new File([bytes], name, { type: "audio/mpeg" });

describe("images", () => {
  it("are generated, and what they cost is told", async () => {
    const answer = await openai.images.generate({ model: "openai/gpt-image-1", prompt: "a cat", n: 1 }).withResponse();
    expect(answer.data.data).toEqual([{ b64_json: "aGk=" }]);
    expect(server.last.body).toEqual({ model: "gpt-image-1", prompt: "a cat", n: 1 });
    // 100 tokens of text for 5, 900 of pictures for 10 and 100 of output for 40 dollars a million.
    expect(Number(answer.response.headers.get("x-tidegate-cost"))).toBeCloseTo(0.0135, 6);
    expect(await theRecord()).toMatchObject({ route: "/v1/images/generations", inputTokens: 1000, outputTokens: 100 });
  });

  it("are streamed as they come", async () => {
    const types: string[] = [];
    const stream = await openai.images.generate({ model: "openai/gpt-image-1", prompt: "a cat", stream: true });
    for await (const { type } of stream) types.push(type);
    expect(types).toEqual(["image_generation.partial_image", "image_generation.completed"]);
    expect(await theRecord()).toMatchObject({ streamed: true, outputTokens: 100, outcome: "ok" });
  });

  it("whose stream ends before the last event do not look complete", async () => {
    const stream = await openai.images.generate({ model: "openai/gpt-image-1", prompt: "cut", stream: true });
    const read = async () => {
      for await (const _event of stream);
    };
    await expect(read()).rejects.toMatchObject({ code: "upstream_reset" });
    expect(await theRecord()).toMatchObject({ outcome: "upstream_cut" });
  });

  it("are edited by form", async () => {
    answerForm.body = JSON.stringify({ created: 1, data: [{ b64_json: "aGk=" }], usage: IMAGE_USAGE });
    const pictures = [file(Buffer.from("one"), "1.png"), file(Buffer.from("two"), "2.png")];
    const { data } = await openai.images.edit({ model: "openai/gpt-image-1", image: pictures, prompt: "a hat" });
    expect(data).toHaveLength(1);
    const sent = await formOf(server.last);
    expect([sent.get("model"), sent.get("prompt")]).toEqual(["gpt-image-1", "a hat"]);
    expect(await Promise.all(sent.getAll("image[]").map((part) => (part as File).text()))).toEqual(["one", "two"]);
    expect((await theRecord()).costUsd).toBeCloseTo(0.0135, 6);
  });

  it("are edited by JSON", async () => {
    const response = await fetch(`${gateway.url}/v1/images/edits`, {
      method: "POST",
      headers: { authorization: `Bearer ${TEST_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "openai/gpt-image-1", prompt: "a hat", images: [{ file_id: "file-1" }] }),
    });
    expect(response.status).toBe(200);
    expect(server.last.body).toMatchObject({ model: "gpt-image-1", images: [{ file_id: "file-1" }] });
  });

  it("are refused where no provider has them, by name", async () => {
    const refused = openai.images.generate({ model: "anthropic/m", prompt: "x" });
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining("`anthropic`") });
  });
});

describe("speech", () => {
  const ask = { model: "openai/gpt-4o-mini-tts", input: "hello", voice: "alloy" } as const;

  it("is the provider's sound, byte for byte and of its type", async () => {
    const response = await openai.audio.speech.create(ask);
    expect(response.headers.get("content-type")).toBe("audio/mpeg");
    expect(Buffer.from(await response.arrayBuffer()).equals(SOUND)).toBe(true);
    expect(await theRecord()).toMatchObject({ route: "/v1/audio/speech", streamed: true, responseBytes: SOUND.length });
  });

  it("that breaks off is cut, not ended", async () => {
    const response = await openai.audio.speech.create({ ...ask, input: "cut" });
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(await theRecord()).toMatchObject({ outcome: "upstream_cut" });
  });

  it("comes in events, with what it used", async () => {
    const response = await openai.audio.speech.create({ ...ask, stream_format: "sse" });
    expect(await response.text()).toContain("speech.audio.done");
    expect(await theRecord()).toMatchObject({ inputTokens: 5, outputTokens: 7, outcome: "ok" });
  });

  it("and pictures of the simulated model are silent and empty", async () => {
    const sound = await openai.audio.speech.create({ ...ask, model: "simulated/echo" });
    expect(Buffer.from(await sound.arrayBuffer()).toString("latin1", 0, 4)).toBe("RIFF");
    const { data } = await openai.images.generate({ model: "simulated/echo", prompt: "x", n: 2 });
    expect(data).toHaveLength(2);
  });
});

describe("recordings", () => {
  it.each([
    ["before", true],
    ["after", false],
  ])("are transcribed with the model named %s the file", async (_where, isFirst) => {
    const bytes = Buffer.alloc(2_000_000, 3);
    const model = { model: "openai/gpt-4o-transcribe" };
    const audio = { file: file(bytes) };
    const { text } = await openai.audio.transcriptions.create(
      isFirst ? { ...model, ...audio } : { ...audio, ...model },
    );
    expect(text).toBe("hello");
    const sent = await formOf(server.last);
    expect(sent.get("model")).toBe("gpt-4o-transcribe");
    expect(Buffer.from(await (sent.get("file") as File).arrayBuffer()).equals(bytes)).toBe(true);
    const record = await theRecord();
    expect(record).toMatchObject({ route: "/v1/audio/transcriptions", inputTokens: 1000, outputTokens: 100 });
    expect(record.costUsd).toBeCloseTo(0.00665, 6);
  });

  it("are paid by their length where the provider says that", async () => {
    answerForm.body = JSON.stringify({ text: "hello", usage: { type: "duration", seconds: 60 } });
    await openai.audio.transcriptions.create({ model: "openai/whisper-1", file: file(SOUND) });
    expect((await theRecord()).costUsd).toBeCloseTo(0.006, 6);
  });

  it("come back in the format asked for", async () => {
    answerForm = { type: "text/vtt; charset=utf-8", body: "WEBVTT\n\n00:00 hello" };
    const response = await openai.audio.translations
      .create({ model: "openai/whisper-1", file: file(SOUND), response_format: "vtt" })
      .asResponse();
    expect([response.headers.get("content-type"), await response.text()]).toEqual([answerForm.type, answerForm.body]);
  });

  it("are streamed as text", async () => {
    const done = { type: "transcript.text.done", text: "hello", usage: TEXT.usage };
    answerForm = { type: "text/event-stream", body: sse([{ type: "transcript.text.delta", delta: "hello" }, done]) };
    const stream = await openai.audio.transcriptions.create({
      model: "openai/gpt-4o-transcribe",
      file: file(SOUND),
      stream: true,
    });
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    expect(types).toEqual(["transcript.text.delta", "transcript.text.done"]);
    expect(await theRecord()).toMatchObject({ inputTokens: 1000, streamed: true });
  });

  it("that are short go to the next target when one fails", async () => {
    server.fail(503);
    const answer = await openai.audio.transcriptions.create({ model: "scribe", file: file(SOUND) }).withResponse();
    expect(answer.response.headers.get("x-tidegate-attempts")).toBe("2");
    expect((await formOf(server.last)).get("model")).toBe("whisper-large-v3");
  });

  it("that have begun to go up are not sent again", async () => {
    server.fail(503);
    const long = file(Buffer.alloc(2_000_000, 1));
    const failed = openai.audio.transcriptions.create({ model: "scribe", file: long });
    await expect(failed).rejects.toMatchObject({ status: 503 });
    expect(await theRecord()).toMatchObject({ attempts: 1 });
  });

  it.each([
    ["no model", "model", (form: FormData) => form.delete("model")],
    ["two models", "model", (form: FormData) => form.append("model", "openai/other")],
    ["a second model that is a file", "model", (form: FormData) => form.append("model", new File(["other"], ""))],
    ["a file for a model", "model", (form: FormData) => form.set("model", new File(["openai/whisper-1"], "m.txt"))],
  ])("with %s are refused", async (_what, param, edit) => {
    const body = new FormData();
    body.append("model", "openai/whisper-1");
    body.append("file", file(SOUND));
    edit(body);
    const headers = { authorization: `Bearer ${TEST_KEY}` };
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: "POST", headers, body });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param } }]);
    expect(server.requests).toHaveLength(0);
  });

  it("that are no whole form are refused", async () => {
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: "POST",
      headers: { authorization: `Bearer ${TEST_KEY}`, "content-type": "multipart/form-data; boundary=x" },
      body: '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nopenai/whisper-1\r\n--x',
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("the form ends within a part");
  });

  it("of 100 MB go up as the provider takes them", async () => {
    const piece = Buffer.alloc(256 * 1024, 5);
    const pieces = 400;
    let arrived = 0;
    let paused: IncomingMessage | null = null;
    watch = (message) => {
      message.on("data", (chunk: Buffer) => {
        arrived += chunk.length;
      });
      message.pause();
      paused = message;
    };
    const head =
      '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nopenai/whisper-1\r\n' +
      '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
    const end = "\r\n--x--\r\n";
    const call = request(`${gateway.url}/v1/audio/transcriptions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${TEST_KEY}`,
        "content-type": "multipart/form-data; boundary=x",
        "content-length": head.length + pieces * piece.length + end.length,
      },
    });
    const answered = once(call, "response");
    call.write(head);
    let written = 0;
    const write = () => {
      while (written < pieces) {
        written++;
        if (!call.write(piece)) {
          call.once("drain", write);
          return;
        }
      }
      call.end(end);
    };
    write();
    const stalled = await waitFor(() => paused, "the upload at the provider");
    // Nothing is read there: what is taken from the caller meanwhile is what fits into sockets on the way, up to 72 MB on Linux.
    let [before, looks] = [-1, 0];
    await waitFor(() => {
      looks = written === before ? looks + 1 : 0;
      before = written;
      return looks > 20 ? true : null;
    }, "the caller to be held up");
    expect(written).toBeLessThan(pieces);
    stalled.resume();
    const [response] = (await answered) as [IncomingMessage];
    expect(await text(response)).toBe('{"text":"long"}');
    expect(arrived).toBeGreaterThan(pieces * piece.length);
    expect((await theRecord()).requestBytes).toBe(arrived + "openai/".length);
  });
});
