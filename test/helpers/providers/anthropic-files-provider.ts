import {
  type Endpoint,
  type EndpointServer,
  Refused,
  type SeenRequest,
  startEndpointServer,
} from "./endpoint-server.ts";
import { namedFiles } from "./keeping-provider.ts";

interface AnthropicFile {
  id: string;
  type: "file";
  filename: string;
  mime_type: string;
  size_bytes: number;
  created_at: string;
  downloadable: boolean;
}

export interface AnthropicFilesProvider extends EndpointServer {
  files: Map<string, { file: AnthropicFile; bytes: Buffer }>;
}

const FILES_BETA = "files-api-2025-04-14";
/** So many files on a page at most. */
const PAGE = 2;

/**
 * Anthropic's Files API, and a Messages API that takes no file that is not kept here: one workspace, which knows nothing of whose calls
 * these are. The tool `code_execution` makes a file each time.
 */
export async function startAnthropicFilesProvider(): Promise<AnthropicFilesProvider> {
  const files: AnthropicFilesProvider["files"] = new Map();
  let next = 0;
  const keep = (filename: string, mimeType: string, bytes: Buffer, downloadable: boolean): AnthropicFile => {
    const about = { filename, mime_type: mimeType, size_bytes: bytes.length, downloadable };
    const file = { id: `file_01${next++}raw`, type: "file" as const, created_at: "2026-01-02T03:04:05Z", ...about };
    files.set(file.id, { file, bytes });
    return file;
  };
  const aboutFile: Endpoint = ({ method, path }) => {
    const [, , , id = "", action] = path.split("/");
    const kept = files.get(id);
    if (kept === undefined) return { status: 404, json: errorOf("not_found_error", `File not found: ${id}`) };
    if (action === "content") {
      if (!kept.file.downloadable) throw new Refused(`File ${id} is not downloadable`);
      return (response) => {
        response.writeHead(200, { "content-type": kept.file.mime_type, "content-length": kept.bytes.length });
        response.end(kept.bytes);
      };
    }
    if (method !== "DELETE") return { json: kept.file };
    files.delete(id);
    return { json: { id, type: "file_deleted" } };
  };
  const endpoints: Record<string, Endpoint> = {
    "POST /v1/files": ({ bytes, headers }) => {
      const { filename, mimeType, content } = readForm(bytes, headers["content-type"] ?? "");
      return { json: keep(filename, mimeType, content, false) };
    },
    "GET /v1/files": ({ query }) => {
      const asked = new URLSearchParams(query);
      for (const name of asked.keys())
        if (!["limit", "page"].includes(name)) throw new Refused(`unknown parameter ${name}`);
      const start = Number(asked.get("page") ?? 0);
      const all = [...files.values()].map(({ file }) => file);
      const end = start + Math.min(PAGE, Number(asked.get("limit") ?? 20));
      return { json: { data: all.slice(start, end), next_page: end < all.length ? String(end) : null } };
    },
    "POST /v1/messages": ({ body, headers }) => {
      for (const id of namedFiles(body)) {
        if (!isBeta(headers)) throw new Refused(`${FILES_BETA} is needed for files in messages`);
        if (!files.has(id)) throw new Refused(`File not found: ${id}`);
      }
      const makesOne = JSON.stringify(body.tools ?? []).includes("code_execution_");
      const made = makesOne ? keep("chart.png", "image/png", Buffer.from("PNG"), true) : null;
      return answerMessage(body, made?.id ?? null);
    },
  };
  const refusing: Record<string, Endpoint> = new Proxy(endpoints, {
    get: (known, name) => {
      const [method = "", path = ""] = String(name).split(" ");
      const isFile = /^\/v1\/files\/[^/]+(\/content)?$/.test(path) && method !== "POST";
      const endpoint = known[String(name)] ?? (isFile ? aboutFile : undefined);
      return endpoint === undefined ? undefined : (request: SeenRequest) => checked(request) ?? endpoint(request);
    },
  });
  return Object.assign(await startEndpointServer(refusing), { files });
}

function checked({ headers, path }: SeenRequest): ReturnType<Endpoint> | null {
  if (headers["x-api-key"] === undefined) return { status: 401, json: errorOf("authentication_error", "no key") };
  if (headers["anthropic-version"] === undefined) throw new Refused("anthropic-version: header is required");
  if (path.startsWith("/v1/files") && !isBeta(headers)) throw new Refused(`${FILES_BETA} is needed for files`);
  return null;
}

function isBeta(headers: SeenRequest["headers"]): boolean {
  return String(headers["anthropic-beta"] ?? "").includes(FILES_BETA);
}

function errorOf(type: string, message: string) {
  return { type: "error", error: { type, message } };
}

function answerMessage({ model, stream }: SeenRequest["body"], made: string | null): ReturnType<Endpoint> {
  const result = {
    stdout: "",
    stderr: "",
    return_code: 0,
    content: [{ type: "bash_code_execution_output", file_id: made }],
  };
  const content = [
    ...(made === null
      ? []
      : [
          { type: "server_tool_use", id: "srvtoolu_1", name: "bash_code_execution", input: { command: "draw" } },
          {
            type: "bash_code_execution_tool_result",
            tool_use_id: "srvtoolu_1",
            content: { type: "bash_code_execution_result", ...result },
          },
        ]),
    { type: "text", text: "read it" },
  ];
  const usage = { input_tokens: 5, output_tokens: 2 };
  const message = { id: "msg_1", type: "message", role: "assistant", model, stop_sequence: null, usage };
  if (stream !== true) return { json: { ...message, content, stop_reason: "end_turn" } };
  const events = [
    { type: "message_start", message: { ...message, content: [], stop_reason: null } },
    ...content.flatMap((block, index) => {
      const isText = block.type === "text";
      const start = { type: "content_block_start", index, content_block: isText ? { type: "text", text: "" } : block };
      const delta = { type: "content_block_delta", index, delta: { type: "text_delta", text: "read it" } };
      return [start, ...(isText ? [delta] : []), { type: "content_block_stop", index }];
    }),
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage },
    { type: "message_stop" },
  ];
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.end();
  };
}

/** A form of one file and nothing else. */
function readForm(bytes: Buffer, contentType: string): { filename: string; mimeType: string; content: Buffer } {
  const boundary = /boundary=(.+)$/.exec(contentType)?.[1];
  const text = bytes.toString("latin1");
  if (!text.startsWith(`--${boundary}\r\n`) || !text.endsWith(`\r\n--${boundary}--\r\n`)) throw new Refused("no form");
  const parts = text.split(`--${boundary}`).slice(1, -1);
  const [part = ""] = parts;
  const end = part.indexOf("\r\n\r\n");
  const head = part.slice(0, end);
  const filename = /name="file"; filename="([^"]*)"/.exec(head)?.[1];
  if (parts.length !== 1 || filename === undefined) throw new Refused("the form may hold `file` and nothing else");
  const mimeType = /content-type: *(\S+)/i.exec(head)?.[1] ?? "application/octet-stream";
  return { filename, mimeType, content: Buffer.from(part.slice(end + 4, -2), "latin1") };
}
