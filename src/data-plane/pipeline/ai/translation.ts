import type { Readable } from "node:stream";
import type { AnswerContext, CallAddress, ProviderCall, TargetModel } from "../../../contracts/dialect.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { DialectName, Usage } from "../../../contracts/ir.ts";
import type { ModelEndpoint } from "../../../contracts/provider-endpoints.ts";
import { buildLossyCall } from "../../../dialects/build-call.ts";
import { type InboundName, inboundDialects, outboundDialects, passthroughs } from "../../../dialects/index.ts";
import { formatEmbeddingResponse, parseEmbeddingRequest } from "../../../dialects/openai/embeddings.ts";
import { readTokens } from "../../../dialects/operations/usage.ts";
import { isOther } from "./operation-kinds.ts";
import { buildOther, otherPath, translateOther } from "./other-operations.ts";
import { editRequest, parsed, rewriteRequest, type ScannedRequest } from "./passthrough-request.ts";
import { providerFailed } from "./provider-failed.ts";
import { adapted, mustBeAdapted, pathAt, requireOperation } from "./provider-quirks.ts";
import { isRelayed } from "./relayed-answer.ts";
import { type AnswerPrefix, markPrefix, withPrefix } from "./rescue/answer-prefix.ts";
import { HINT_FIELDS, mayHaveHintFields, withoutHints } from "./routing/hint-fields.ts";
import { tooDeep } from "./too-deep.ts";
import { scanTopLevel, type ValueSpan } from "./top-level-fields.ts";

/**
 * The translation of whole bodies, as pure functions of bytes: called in place for small bodies, in the Piscina pool
 * (workers/tasks/translate.ts) for large ones.
 */

export type AiOperation = "chat" | "embeddings" | ModelEndpoint;

/** What must be known of a request before a target can be chosen. */
export interface InspectedRequest {
  model: string;
  stream: boolean;
  /** Whether the caller wants usage at the end of its stream, where its dialect leaves that open. */
  includeUsage: boolean;
  /** How the caller wants embeddings. */
  encodingFormat: "float" | "base64";
  /** Fields that are for the gateway; absent: there are none. */
  hintFields?: HintFields;
}

export interface HintFields {
  models?: unknown;
  fallbacks?: unknown;
  /** The body names a model besides: else it is the first of `models`. */
  namesModel: boolean;
}

export interface BuiltCall {
  path: string;
  query: string;
  headers: Record<string, string>;
  body: Buffer;
  /** In place of the body: one that can't be sent again. */
  upload?: Readable;
  /** Same dialect on both sides: the answer goes back as it is. */
  passthrough: boolean;
  /** What a translated answer repeats of the request, where the caller's dialect repeats anything. */
  echo?: Record<string, unknown>;
  /** The beginning of the answer that the model is to go on from. Absent: it answers from the beginning. */
  prefix?: string;
  /** Fields of the request that the provider is not told, in the caller's words; absent: none. */
  dropped?: readonly string[];
}

export interface CallPlan {
  operation: AiOperation;
  inbound: InboundName;
  outbound: DialectName;
  target: TargetModel;
  /** The request may hold what ForeignTraces speaks of. */
  mayHoldForeign: boolean;
  /** Absent: the body says what is asked of which model. */
  address?: CallAddress;
  /** Absent: the answer is to begin at its beginning. */
  prefix?: AnswerPrefix;
  /** What the target can't do is left out where that leaves the question the same. Absent: it is refused. */
  dropsUnsupported?: true;
  /** The body still has fields that are for the gateway. `model`: to be put in, where it names none. */
  withoutHints?: { model: string | null };
}

export interface TranslatedAnswer {
  /** Null: the answer goes back as it came. */
  text: string | null;
  usage: Usage | null;
  model: string | null;
}

type JsonObject = Record<string, unknown>;

/** Throws `invalid_json` or `invalid_request`. */
export function parseBody(bytes: Buffer): JsonObject {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString());
  } catch (error) {
    throw new GatewayError("invalid_json", `the request body is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new GatewayError("invalid_request", "the request body must be a JSON object");
  }
  return body as JsonObject;
}

/** `usualModel`: what is meant where none is named. */
export function inspectRequest(
  body: Readonly<JsonObject>,
  inbound: InboundName,
  usualModel?: string,
): InspectedRequest {
  refuseOtherLetters(body);
  const { models, fallbacks } = body;
  const namesModel = body.model !== undefined || !Array.isArray(models);
  const model = namesModel ? (body.model ?? usualModel) : models[0];
  if (typeof model !== "string" || model === "") {
    throw new GatewayError("invalid_request", "`model` must be a string that names a model", { param: "model" });
  }
  if (body.stream !== undefined && body.stream !== null && typeof body.stream !== "boolean") {
    throw new GatewayError("invalid_request", "`stream` must be true or false", { param: "stream" });
  }
  const options = body.stream_options as { include_usage?: unknown } | null | undefined;
  const request: InspectedRequest = {
    model,
    stream: body.stream === true,
    includeUsage: inbound !== "openai" || options?.include_usage === true,
    encodingFormat: body.encoding_format === "base64" ? "base64" : "float",
  };
  if (models !== undefined || fallbacks !== undefined) request.hintFields = { models, fallbacks, namesModel };
  return request;
}

/** A provider that does not tell `Model` from `model` would go by the one that comes last. */
function refuseOtherLetters(body: Readonly<JsonObject>): void {
  const name = Object.keys(body).find((one) => one !== "model" && one.toLowerCase() === "model");
  if (name === undefined) return;
  throw new GatewayError("invalid_request", `\`${name}\` is \`model\` in other letters: send \`model\` alone`, {
    param: name,
  });
}

/** The same of a call whose path says it. */
export function inspectAddress({ model, stream }: CallAddress, bytes: Buffer): InspectedRequest {
  const request: InspectedRequest = { model, stream, includeUsage: true, encodingFormat: "float" };
  if (!mayHaveHintFields(bytes)) return request;
  const [models, fallbacks] = (scanTopLevel(bytes.toString("latin1"), HINT_FIELDS) ?? []).map((span) =>
    span === null ? undefined : parsed(bytes.toString("utf8", span.start, span.end)),
  );
  if (models === undefined && fallbacks === undefined) return request;
  return { ...request, hintFields: { models, fallbacks, namesModel: true } };
}

/** The same of a body that was scanned, not parsed. */
export function inspectScanned(scanned: ScannedRequest, inbound: InboundName, usualModel?: string): InspectedRequest {
  return inspectRequest(
    {
      model: parsed(scanned.model),
      stream: parsed(scanned.stream),
      stream_options: parsed(scanned.streamOptions),
      encoding_format: parsed(scanned.encodingFormat),
      models: parsed(scanned.models),
      fallbacks: parsed(scanned.fallbacks),
    },
    inbound,
    usualModel,
  );
}

/** The paths of same-dialect calls, relative to the provider's base URL. */
const PASSTHROUGH_PATHS: Partial<Record<InboundName, Partial<Record<AiOperation, string>>>> = {
  openai: { chat: "/chat/completions", embeddings: "/embeddings" },
  "openai-responses": { chat: "/responses" },
  anthropic: { chat: "/messages" },
  cohere: { chat: "/chat" },
};

export function passthroughPath(
  plan: Pick<CallPlan, "operation" | "inbound" | "outbound" | "target">,
): string | undefined {
  const { operation, inbound, outbound } = plan;
  if (isOther(operation)) return otherPath(operation, plan);
  const path = inbound === outbound ? PASSTHROUGH_PATHS[inbound]?.[operation] : undefined;
  return path === undefined ? undefined : (pathAt(plan, path) ?? undefined);
}

/** As `buildPassthrough`, of a call whose path names the model: the body need not even be scanned. */
export function buildAddressed(bytes: Buffer, plan: CallPlan): BuiltCall | null {
  const { inbound, outbound, target, address } = plan;
  const addressed = passthroughs[outbound]?.addressed;
  if (inbound !== outbound || address === undefined || addressed === undefined) return null;
  requireOperation(plan);
  const { model } = target;
  return {
    path: addressed.path(model, address),
    query: addressed.query(address),
    headers: NO_HEADERS,
    body: addressed.body(bytes, model),
    passthrough: true,
  };
}

/** A call whose body needs no translation, whatever its size; null: it has to be built from the parsed body. */
export function buildPassthrough(
  bytes: Buffer,
  scanned: ScannedRequest,
  { stream, includeUsage }: InspectedRequest,
  plan: CallPlan,
): BuiltCall | null {
  const path = passthroughPath(plan);
  if (path === undefined || mustBeAdapted(bytes, plan)) return null;
  const foreign = plan.mayHoldForeign ? passthroughs[plan.outbound]?.foreign : undefined;
  if (foreign?.marks.some((mark) => bytes.includes(mark))) return null;
  const addUsage = stream && !includeUsage && hasStreamOptions(plan) && plan.target.quirks?.streamOptions !== false;
  const body = editRequest(bytes, scanned, { model: plan.target.model, addUsage });
  return { path, query: "", headers: NO_HEADERS, body, passthrough: true };
}

/** Usage is asked for where OpenAI's API has a field for it. */
function hasStreamOptions({ operation }: CallPlan): boolean {
  return !isOther(operation) || operation === "completions";
}

const NO_HEADERS: Record<string, string> = {};

/** Throws `invalid_request` for what the caller got wrong and `unsupported_field` for what the target can't do. */
export function buildCall(sent: Readonly<JsonObject>, plan: CallPlan): BuiltCall {
  try {
    return build(sent, plan);
  } catch (error) {
    throw tooDeep(error, "invalid_request", "the request body");
  }
}

function build(sent: Readonly<JsonObject>, plan: CallPlan): BuiltCall {
  const { prefix, ...whole } = plan;
  if (prefix !== undefined) {
    const prefixed = withPrefix(sent, plan.inbound, prefix);
    if (prefixed === null) return build(sent, whole);
    const built = build(prefixed, whole);
    return { ...built, body: markPrefix(built.body, plan.outbound, prefix), prefix: prefix.text };
  }
  const { inbound, target } = plan;
  const body = plan.withoutHints === undefined ? sent : withoutHints(sent, plan.withoutHints.model);
  requireOperation(plan);
  const path = passthroughPath(plan);
  if (path !== undefined) {
    const { stream, includeUsage } = inspectRequest(body, inbound);
    const foreign = plan.mayHoldForeign ? passthroughs[plan.outbound]?.foreign : undefined;
    const own = foreign?.remove(body) ?? body;
    const addUsage = stream && !includeUsage && hasStreamOptions(plan) && target.quirks?.streamOptions !== false;
    const { body: taken, dropped } = adapted(own, plan);
    const rewritten = rewriteRequest(taken, { model: target.model, addUsage });
    const built = { path, query: "", headers: NO_HEADERS, body: rewritten, passthrough: true };
    return dropped.length === 0 ? built : { ...built, dropped };
  }
  if (isOther(plan.operation)) return buildOther(plan.operation, body, plan);
  const call = buildText(body, plan);
  const echo = inboundDialects[inbound].echo?.(body);
  const built = { ...call, body: Buffer.from(call.body), passthrough: false };
  return echo === undefined ? built : { ...built, echo };
}

/** The same for another dialect, with the body as text. */
export function buildText(body: Readonly<JsonObject>, plan: CallPlan): ProviderCall & Pick<BuiltCall, "dropped"> {
  const built = buildOperation(body, plan);
  const path = pathAt(plan, built.path);
  return path === null || path === built.path ? built : { ...built, path };
}

function buildOperation(body: Readonly<JsonObject>, plan: CallPlan): ProviderCall & Pick<BuiltCall, "dropped"> {
  switch (plan.operation) {
    case "chat":
      return buildChat(body, plan);
    case "embeddings":
      return buildEmbeddings(body, plan);
    default:
      throw new GatewayError("internal_error", `${plan.operation} is not built here`);
  }
}

function buildChat(body: Readonly<JsonObject>, plan: CallPlan) {
  const inbound = inboundDialects[plan.inbound];
  const request = inbound.parseChatRequest(body);
  request.model = plan.target.model;
  if (plan.address !== undefined) request.stream = plan.address.stream;
  // Limits and log want to know, whatever the caller wants to see.
  request.includeUsage = true;
  const outbound = outboundDialects[plan.outbound];
  const { call, dropped } = buildLossyCall(inbound, outbound, request, plan.target, plan.dropsUnsupported === true);
  return dropped === undefined ? call : { ...call, dropped };
}

function buildEmbeddings(body: Readonly<JsonObject>, plan: CallPlan) {
  const { embeddings } = outboundDialects[plan.outbound];
  if (embeddings === null) {
    throw new GatewayError("unsupported_field", "this model's provider has no embeddings: choose another model", {
      param: "model",
    });
  }
  const request = (inboundDialects[plan.inbound].embeddings?.parseRequest ?? parseEmbeddingRequest)(body);
  return embeddings.buildCall({ ...request, model: plan.target.model }, plan.target);
}

/** Translates a whole good answer, or reads from it what the log needs. Throws `upstream_protocol_error`. */
export function translateAnswer(
  bytes: Buffer,
  encodingFormat: InspectedRequest["encodingFormat"],
  plan: CallPlan,
  passthrough: boolean,
  context: AnswerContext,
): TranslatedAnswer {
  try {
    return translate(bytes, encodingFormat, plan, passthrough, context);
  } catch (error) {
    throw tooDeep(error, "upstream_protocol_error", "the provider's answer");
  }
}

function translate(
  bytes: Buffer,
  encodingFormat: InspectedRequest["encodingFormat"],
  plan: CallPlan,
  passthrough: boolean,
  context: AnswerContext,
): TranslatedAnswer {
  if (passthrough) return isRelayed(plan.operation) ? readRelayed(bytes) : readAnswer(bytes, plan);
  const body = parseAnswer(bytes);
  refuseFailure(body, plan);
  if (isOther(plan.operation)) return translateOther(plan.operation, body, plan, context);
  if (plan.operation === "chat") {
    const response = outboundDialects[plan.outbound].parseChatResponse(body, plan.target);
    const text = inboundDialects[plan.inbound].formatChatResponse(response, context);
    return { text, usage: response.usage ?? null, model: response.model };
  }
  const response = outboundDialects[plan.outbound].embeddings?.parseResponse(body, plan.target);
  if (response === undefined) throw new GatewayError("upstream_protocol_error", "the provider has no embeddings");
  const { model } = context;
  const own = inboundDialects[plan.inbound].embeddings;
  return {
    text:
      own === undefined
        ? formatEmbeddingResponse(response, { model, encodingFormat })
        : own.formatResponse(response, { model, method: plan.address?.method ?? "" }),
    usage: response.usage ?? null,
    model: response.model,
  };
}

/** Throws `provider_error` for a body that tells of a failure although its status is a good one. */
function refuseFailure(body: unknown, { outbound }: CallPlan): void {
  const failure = outboundDialects[outbound].failureIn?.(body) ?? null;
  if (failure !== null) throw providerFailed(failure);
}

/** What the log and the limits need of an answer that goes back as it came: two fields, not the whole, unless it tells of an error. */
function readAnswer(bytes: Buffer, plan: CallPlan): TranslatedAnswer {
  const passthrough = passthroughs[plan.outbound];
  const names = passthrough?.answerFields ?? ANSWER_FIELDS;
  const spans = scanTopLevel(bytes.toString("latin1"), names);
  const isWatched = spans !== null && outboundDialects[plan.outbound].failureIn !== undefined;
  if (isWatched && hasError(bytes, spans[names.indexOf("error")])) refuseFailure(parseAnswer(bytes), plan);
  const fieldOf = (span: ValueSpan | null | undefined): unknown =>
    span == null ? undefined : parsed(bytes.toString("utf8", span.start, span.end));
  const body =
    spans === null
      ? wholeAnswer(bytes, plan)
      : Object.fromEntries(names.map((name, index) => [name, fieldOf(spans[index])]));
  const { usage, model } = passthrough?.readUsage(body) ?? { usage: null, model: null };
  return { text: null, usage, model };
}

/** The same of an answer that need not be JSON. */
function readRelayed(bytes: Buffer): TranslatedAnswer {
  const [span] = scanTopLevel(bytes.toString("latin1"), ["usage"]) ?? [];
  const usage = span == null ? null : readTokens(parsed(bytes.toString("utf8", span.start, span.end)));
  return { text: null, usage, model: null };
}

function wholeAnswer(bytes: Buffer, plan: CallPlan): unknown {
  const body = parseAnswer(bytes);
  refuseFailure(body, plan);
  return body;
}

function hasError(bytes: Buffer, span: ValueSpan | null | undefined): boolean {
  return span != null && bytes.toString("latin1", span.start, span.end) !== "null";
}

const ANSWER_FIELDS = ["usage", "model", "error"];

function parseAnswer(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw new GatewayError("upstream_protocol_error", "the provider's answer is not valid JSON", { cause: error });
  }
}
