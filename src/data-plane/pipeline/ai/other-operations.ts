import type { AnswerContext, StreamFormatter } from "../../../contracts/dialect.ts";
import { GatewayError } from "../../../contracts/errors.ts";
import type { ModelEndpoint } from "../../../contracts/provider-endpoints.ts";
import type { Snapshot } from "../../../contracts/snapshot.ts";
import { unsupportedField } from "../../../dialects/foreign.ts";
import { endpointFor, operations, pathFor, takesAsIs } from "../../../dialects/operations/index.ts";
import { endpointsOf } from "../../../providers/endpoints.ts";
import type { AiTarget } from "./ai-target.ts";
import type { ModelRoute } from "./model-routes.ts";
import { isOther } from "./operation-kinds.ts";
import { pathAt } from "./provider-quirks.ts";
import type { AiOperation, BuiltCall, CallPlan, TranslatedAnswer } from "./translation.ts";
import type { ModelForm } from "./upload/model-form.ts";

/** Endpoints beside chats and embeddings: which targets have them, and their requests and answers. */

/** Of endpoints whose callers need not name a model, the model that is meant: the first provider's that has one. */
export function usualModels({ providers }: Pick<Snapshot, "providers">): Partial<Record<AiOperation, string>> {
  const usual: Partial<Record<AiOperation, string>> = {};
  for (const { id, kind } of providers) {
    for (const [name, { defaultModel }] of Object.entries(endpointsOf(kind) ?? {})) {
      if (defaultModel !== undefined) usual[name as ModelEndpoint] ??= `${id}/${defaultModel}`;
    }
  }
  return usual;
}

/** A path where the request goes on as it came; undefined: it has to be translated, or there is none. */
export function otherPath(
  operation: ModelEndpoint,
  { inbound, target }: Pick<CallPlan, "inbound" | "target">,
): string | undefined {
  const endpoint = endpointFor(target.endpoints, operation, target.model);
  if (endpoint === undefined || !takesAsIs(operation, endpoint, inbound)) return undefined;
  return pathFor(endpoint, target.model);
}

export function buildOther(
  operation: ModelEndpoint,
  body: Readonly<Record<string, unknown>>,
  plan: CallPlan,
): BuiltCall {
  const build = operations[operation]?.build;
  if (build === undefined) throw unsupportedField("model", `names a model of a provider that has no ${operation}`);
  const endpoint = endpointFor(plan.target.endpoints, operation, plan.target.model);
  const { echo, ...call } = build(body, plan, endpoint);
  // What has no endpoint is asked as a chat.
  const path = endpoint === undefined ? pathAt({ ...plan, operation: "chat" }, call.path) : call.path;
  const built = { ...call, path: path ?? call.path, body: Buffer.from(call.body) };
  return echo === undefined ? built : { ...built, echo };
}

/** Of a form. Its targets were chosen by what they have. */
export function buildUpload(upload: ModelForm, { operation, target }: CallPlan): BuiltCall {
  const endpoint = isOther(operation) ? endpointFor(target.endpoints, operation, target.model) : undefined;
  if (endpoint === undefined) throw unsupportedField("model", "names a model of a provider that takes no such form");
  const { headers, body } = upload.request(target.model);
  const call = { path: pathFor(endpoint, target.model), query: "", headers, passthrough: true };
  return Buffer.isBuffer(body) ? { ...call, body } : { ...call, body: Buffer.alloc(0), upload: body };
}

export function translateOther(
  operation: ModelEndpoint,
  answer: unknown,
  plan: CallPlan,
  context: AnswerContext,
): TranslatedAnswer {
  const endpoint = endpointFor(plan.target.endpoints, operation, plan.target.model);
  const translated = operations[operation]?.translate(answer, plan, context, endpoint);
  if (translated === undefined) throw new GatewayError("upstream_protocol_error", `there is no ${operation} to read`);
  return { ...translated, model: null };
}

/** Writes a translated stream of such an endpoint; undefined: as the caller's dialect streams chats. */
export function otherFormatter(operation: AiOperation, context: AnswerContext): StreamFormatter | undefined {
  return isOther(operation) ? operations[operation]?.createStreamFormatter?.(context) : undefined;
}

/** Of the targets in turn, those that have the endpoint. Throws `unsupported_field` where none has. */
export function targetsWith(operation: AiOperation, { name, targets }: ModelRoute, order: readonly number[]) {
  if (!isOther(operation)) return order;
  const able = order.filter((index) => has(operation, targets[index] as AiTarget));
  if (able.length > 0 || order.length === 0) return able;
  const ids = [...new Set(targets.map(({ provider }) => provider.id))].map((id) => `\`${id}\``).join(", ");
  throw new GatewayError(
    "unsupported_field",
    `\`model\` is \`${name}\`, whose providers (${ids}) have no ${SPOKEN[operation]} for it. Choose a model of a provider that has.`,
    { param: "model" },
  );
}

function has(operation: ModelEndpoint, { target }: AiTarget): boolean {
  if (endpointFor(target.endpoints, operation, target.model) !== undefined) return true;
  return operation === "completions" && target.quirks?.paths?.chat !== null;
}

const SPOKEN: Record<ModelEndpoint, string> = {
  count_tokens: "counter of tokens",
  completions: "text completions",
  rerank: "reranking",
  moderations: "moderations",
  image_generations: "image generation",
  image_edits: "image editing",
  speech: "speech",
  transcriptions: "transcriptions",
  translations: "translations of audio",
};
