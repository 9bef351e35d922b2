import {
  type Endpoint,
  type EndpointServer,
  Refused,
  type SeenRequest,
  startEndpointServer,
} from "./endpoint-server.ts";

interface StoredFile {
  id: string;
  object: "file";
  filename: string;
  bytes: number;
  purpose: string;
}

interface StoredBatch {
  id: string;
  object: "batch";
  status: string;
  input_file_id: string;
  output_file_id: string | null;
  metadata: Record<string, string> | null;
}

export interface FilesProvider extends EndpointServer {
  files: Map<string, { file: StoredFile; bytes: Buffer }>;
  batches: Map<string, StoredBatch>;
  /** Everything that it keeps. `from`: the number of the next file. */
  forget(from?: number): void;
}

/**
 * `/v1/files` and `/v1/batches` as OpenAI has them: one account, which knows nothing of whose calls these are. `others`: endpoints beside
 * these, which know the files. `first`: the number of the first file, by which those of several providers differ.
 */
export async function startFilesProvider(
  others: (files: FilesProvider["files"]) => Record<string, Endpoint> = () => ({}),
  first = 0,
): Promise<FilesProvider> {
  const files: FilesProvider["files"] = new Map();
  let next = first;
  const batches: FilesProvider["batches"] = new Map();
  const list = (objects: { id: string }[], { query }: SeenRequest) => {
    const asked = new URLSearchParams(query);
    const start = asked.has("after") ? objects.findIndex(({ id }) => id === asked.get("after")) + 1 : 0;
    const data = objects.slice(start, start + Number(asked.get("limit") ?? 20));
    return { json: { object: "list", data, has_more: start + data.length < objects.length } };
  };
  const found = <Kept>(kept: Kept | undefined, id: string): Kept => {
    if (kept === undefined) throw new Refused(`No such object: ${id}`);
    return kept;
  };
  const aboutFile = ({ method, path }: SeenRequest) => {
    const [, , , id = "", action] = path.split("/");
    const { file, bytes } = found(files.get(id), id);
    if (action === "content") {
      return (response: import("node:http").ServerResponse) => {
        response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes.length });
        response.end(bytes);
      };
    }
    if (method !== "DELETE") return { json: file };
    files.delete(id);
    return { json: { id, object: "file", deleted: true } };
  };
  const aboutBatch = ({ method, path }: SeenRequest) => {
    const [, , , id = ""] = path.split("/");
    const batch = found(batches.get(id), id);
    if (method === "POST") batch.status = "cancelling";
    return { json: batch };
  };
  const endpoints: Record<string, Endpoint> = {
    "POST /v1/files": ({ bytes, headers }) => {
      const form = readForm(bytes, headers["content-type"] ?? "");
      const file: StoredFile = { id: `file-${next++}raw`, object: "file", bytes: form.file.length, ...form.fields };
      files.set(file.id, { file, bytes: form.file });
      return { json: file };
    },
    "GET /v1/files": (request) =>
      list(
        [...files.values()].map(({ file }) => file),
        request,
      ),
    "POST /v1/batches": ({ body }) => {
      const input = found(files.get(String(body.input_file_id)), String(body.input_file_id)).file.id;
      const output = {
        id: `file-out${batches.size}`,
        object: "file",
        filename: "out.jsonl",
        bytes: 3,
        purpose: "batch_output",
      } as const;
      files.set(output.id, { file: output, bytes: Buffer.from("out") });
      const metadata = (body.metadata ?? null) as StoredBatch["metadata"];
      const id = `batch_${batches.size}raw`;
      const batch: StoredBatch = {
        id,
        object: "batch",
        status: "completed",
        input_file_id: input,
        output_file_id: output.id,
        metadata,
      };
      batches.set(batch.id, batch);
      return { json: batch };
    },
    "GET /v1/batches": (request) => list([...batches.values()], request),
    ...others(files),
  };
  // By id, whatever it is.
  const all = new Proxy(endpoints, {
    get: (known, name) => {
      const [method, path] = String(name).split(" ");
      if (known[String(name)] !== undefined) return known[String(name)];
      if (/^\/v1\/files\/[^/]+(\/content)?$/.test(path ?? "") && method !== "POST") return aboutFile;
      return /^\/v1\/batches\/[^/]+(\/cancel)?$/.test(path ?? "") ? aboutBatch : undefined;
    },
  });
  return Object.assign(await startEndpointServer(all), {
    files,
    batches,
    forget(from = first) {
      next = from;
      files.clear();
      batches.clear();
    },
  });
}

/** Two fields and a file, as clients write them. */
function readForm(bytes: Buffer, contentType: string): { fields: { filename: string; purpose: string }; file: Buffer } {
  const boundary = `--${/boundary=(.+)$/.exec(contentType)?.[1]}`;
  const parts = bytes.toString("latin1").split(boundary).slice(1, -1);
  const fields = { filename: "", purpose: "" };
  let file = Buffer.alloc(0);
  for (const part of parts) {
    const end = part.indexOf("\r\n\r\n");
    const value = part.slice(end + 4, -2);
    const filename = /filename="([^"]*)"/.exec(part.slice(0, end))?.[1];
    if (filename === undefined) fields.purpose = value;
    else {
      fields.filename = filename;
      file = Buffer.from(value, "latin1");
    }
  }
  return { fields, file };
}
