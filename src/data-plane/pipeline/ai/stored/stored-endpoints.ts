import { GatewayError } from "../../../../contracts/errors.ts";
import type { StoredEndpoint } from "../../../../contracts/provider-endpoints.ts";
import type { Snapshot } from "../../../../contracts/snapshot.ts";
import type { JsonObject } from "../../../../dialects/checks.ts";
import { inboundDialects } from "../../../../dialects/index.ts";
import { type FilesForm, translateFile, USUAL_PURPOSE } from "../../../../dialects/operations/files.ts";
import type { Context } from "../../context.ts";
import { requireProvider } from "../../policies/model-access.ts";
import type { AiRuntime } from "../ai-runtime.ts";
import type { ModelRoutes } from "../model-routes.ts";
import { parseBody } from "../translation.ts";
import { unifiedPath } from "../unified-path.ts";
import type { FileAlone } from "../upload/alone-file.ts";
import { boundaryOf, type FormPart } from "../upload/multipart-scanner.ts";
import { MultipartUpload, type WantedPart } from "../upload/multipart-upload.ts";
import { KeptStream } from "./kept-stream.ts";
import { listStored } from "./list-stored.ts";
import { keyTagOf } from "./object-ids.ts";
import { chooseProvider, PROVIDER_HEADER, type ProvidersWith, providersWith } from "./providers-with.ts";
import { type Keeper, StoredCall } from "./stored-call.ts";
import { StoredObjects } from "./stored-objects.ts";
import { readStoredPath, type StoredPath } from "./stored-path.ts";

const JSON_TYPE = { "content-type": "application/json" };
const FILE: WantedPart = {
  description: "the file `file`",
  param: "file",
  isPart: ({ fileName }) => fileName !== null,
  wantsValue: false,
};

/**
 * Endpoints about what providers keep: `/v1/files`, `/v1/batches`, `/v1/responses/{id}`. New objects go to the provider that the caller
 * names, or the only one there is; later calls find it by the object's id, which no other application can use.
 */
export function compileStoredEndpoints(
  snapshot: Pick<Snapshot, "providers" | "ai">,
  routes: ModelRoutes,
  runtime: AiRuntime,
): (context: Context) => void {
  const having = providersWith(snapshot);
  const { maxResponseBytes } = snapshot.ai;

  return (context) => {
    const { exchange, application } = context;
    const path = readStoredPath(unifiedPath(context.target, exchange.path));
    const form = speak(context, path);
    const call = new StoredCall(context, routes, runtime, maxResponseBytes);
    const objects = new StoredObjects(runtime.objectIds, application?.id ?? "");
    if (path.id !== null) {
      aboutObject(call, objects, path.id, path, form);
      return;
    }
    if (path.endpoint === "batches" && exchange.method === "POST") {
      createBatch(call, objects, having);
      return;
    }
    const provider = chooseProvider(path.endpoint, exchange.header(PROVIDER_HEADER), having, form);
    const keeper = call.keeper(provider, path.endpoint, null);
    if (keeper === null) throw new GatewayError("internal_error", `provider ${provider} has no ${path.endpoint}`);
    if (exchange.method === "POST") uploadFile(call, objects, keeper, form);
    else listStored(call, objects, path.endpoint, keeper, form);
  };
}

/** The API that the caller speaks; its errors are to be in it as well. `/v1/files` is OpenAI's and Anthropic's path. */
function speak(context: Context, { endpoint }: StoredPath): FilesForm {
  const { target, exchange } = context;
  if (endpoint !== "files" || target?.kind !== "ai") return "openai";
  if (target.inbound.name === "anthropic") return "anthropic";
  if (exchange.header("anthropic-version") === undefined) return "openai";
  context.target = { ...target, inbound: inboundDialects.anthropic };
  return "anthropic";
}

function aboutObject(
  call: StoredCall,
  objects: StoredObjects,
  given: string,
  { endpoint, action }: StoredPath,
  form: FilesForm,
): void {
  const { exchange, body } = call.context;
  const object = objects.find(given, "id");
  const { id, ...from } = object;
  const { provider, keyTag } = from;
  const keeper = keeperOf(call, provider, endpoint, keyTag, given);
  const of = `${keeper.path}/${encodeURIComponent(id)}${action === "" ? "" : `/${action}`}`;
  const method = exchange.method === "HEAD" ? "GET" : exchange.method;
  const query = keeper.form === form ? exchange.query : "";
  const request = { method, path: of, query, body, ...(body === null ? {} : { headers: JSON_TYPE }) };
  if (endpoint === "responses" && action === "" && isAskedForStream(exchange)) {
    const ids = objects.namesOf(object, given);
    call.relay(keeper, request, new KeptStream(call.context.id, exchange.query, ids));
  } else if (action === "content" || action === "input_items") call.relay(keeper, request);
  else
    call.ask(keeper, request, (status, answer) =>
      call.respond(keeper, status, translateFile(objects.outward(answer, from), keeper.form, form)),
    );
}

function isAskedForStream({ method, query }: Context["exchange"]): boolean {
  return method === "GET" && new URLSearchParams(query).get("stream") === "true";
}

function createBatch(call: StoredCall, objects: StoredObjects, having: ProvidersWith): void {
  const { body } = call.context;
  if (body === null) throw new GatewayError("invalid_json", "the request has no body: send a JSON object");
  const asked: JsonObject = parseBody(body);
  const { provider, keyTag, id } = objects.find(asked.input_file_id, "input_file_id");
  // Which models its lines name is between the file and the provider.
  requireProvider(call.context, provider, "batches");
  const has = (endpoint: StoredEndpoint) => having[endpoint].some((one) => one.id === provider);
  if (has("files") && !has("batches")) {
    const problem = `\`input_file_id\` is kept by provider \`${provider}\`, which has no batches: upload it to one that has`;
    throw new GatewayError("unsupported_field", problem, { param: "input_file_id" });
  }
  const keeper = keeperOf(call, provider, "batches", keyTag, String(asked.input_file_id));
  const batch = { ...asked, input_file_id: id, metadata: objects.labels(asked.metadata) };
  const sent = Buffer.from(JSON.stringify(batch));
  call.ask(keeper, { method: "POST", path: keeper.path, query: "", headers: JSON_TYPE, body: sent }, (status, answer) =>
    call.respond(keeper, status, objects.outward(answer, { provider, keyTag, before: 0 })),
  );
}

function keeperOf(call: StoredCall, provider: string, endpoint: StoredEndpoint, keyTag: string, given: string): Keeper {
  const keeper = call.keeper(provider, endpoint, keyTag);
  if (keeper !== null) return keeper;
  const problem = `what kept \`${given.slice(0, 200)}\` is not here any more: provider \`${provider}\`, its ${endpoint}, or the key it was made with`;
  throw new GatewayError("object_not_found", problem, { param: "id" });
}

/** The name of the file gets a mark, by which it is known in the provider's list. `form`: of the caller's API. */
function uploadFile(call: StoredCall, objects: StoredObjects, keeper: Keeper, form: FilesForm): void {
  const { context } = call;
  const boundary = boundaryOf(context.exchange.header("content-type"));
  if (boundary === null) {
    throw new GatewayError("unsupported_media_type", "files are sent as a form: multipart/form-data");
  }
  const upload = new MultipartUpload(context, boundary, FILE);
  upload.start((part) => {
    const at = nameOf(upload, part);
    const edit = { start: at, end: at, text: objects.fileTag };
    const alone = keeper.form === form ? null : { part, ...CROSSED[keeper.form] };
    const { headers, body } = upload.request(edit, alone);
    call.ask(keeper, { method: "POST", path: keeper.path, query: "", headers, body }, (status, answer) => {
      const from = { provider: keeper.target.provider.id, keyTag: keyTagOf(keeper.key?.id ?? ""), before: 0 };
      call.respond(keeper, status, translateFile(objects.outward(answer, from), keeper.form, form));
    });
  });
}

/** Of forms for a provider of the other API: the fields that it demands, and those of the caller's that it has no word for. */
const CROSSED: Record<FilesForm, Omit<FileAlone, "part">> = {
  openai: { fields: { purpose: USUAL_PURPOSE }, leftOut: [] },
  anthropic: { fields: {}, leftOut: ["purpose"] },
};

/** Where the file's name begins. */
function nameOf(upload: MultipartUpload, { headStart, start }: FormPart): number {
  const head = upload.held(headStart, start).toString("latin1");
  const found = /;\s*filename="?/i.exec(head);
  if (found !== null && !/;\s*filename\*=/i.test(head)) return headStart + found.index + found[0].length;
  throw new GatewayError("invalid_request", '`file` must be named by `filename="…"`, and by nothing else', {
    param: "file",
  });
}
