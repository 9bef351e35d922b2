import { GatewayError } from "../../../contracts/errors.ts";
import type { Snapshot } from "../../../contracts/snapshot.ts";
import { modelOfPath } from "../../../dialects/model-path.ts";
import type { PriceBook } from "../../../providers/prices.ts";
import type { Context } from "../context.ts";
import type { ModelAccess } from "../policies/model-access.ts";
import { pushReleaseHeaders } from "../releases/lifecycle.ts";
import { respondWhole } from "../stages/respond.ts";
import { describeModels, type ListedModel } from "./listed-models.ts";
import { unifiedPath } from "./unified-path.ts";

/** Callers with rules of their own are few. */
const MAX_FORMS = 100;

interface Form {
  /** The whole list, as JSON. */
  list: string;
  byId: ReadonlyMap<string, object>;
}

/**
 * `GET /v1/models` and `GET /v1/models/{id}` in the shape of OpenAI, or of Anthropic for a caller that sends
 * `anthropic-version`, or of Gemini for one that sends `x-goog-api-client`; those of `/v1beta` in Gemini's always. Those
 * that the caller may use; compiled to bytes with the first call that asks for it, once per snapshot and rules on models.
 */
export function compileModelList(
  snapshot: Pick<Snapshot, "compiledAtMs" | "providers" | "models">,
  prices: PriceBook,
): (context: Context, endpoint: "models" | "model") => void {
  let models: readonly ListedModel[] | null = null;
  let forms = new Map<string, Form>();
  const formOf = (format: Format, access: ModelAccess | null): Form => {
    const key = `${format} ${access?.number ?? 0}`;
    const known = forms.get(key);
    if (known !== undefined) return known;
    models ??= describeModels(snapshot, prices);
    const own = access === null ? models : models.filter(({ id, route }) => access.allows(id, route));
    const form = FORMS[format](own, snapshot.compiledAtMs);
    if (forms.size >= MAX_FORMS) forms = new Map();
    forms.set(key, form);
    return form;
  };

  return (context, endpoint) => {
    const { exchange, target } = context;
    const dialect = target?.kind === "ai" ? target.inbound.name : "openai";
    const isGemini = dialect === "gemini" || exchange.header("x-goog-api-client") !== undefined;
    const speaksAnthropic = dialect === "anthropic" || exchange.header("anthropic-version") !== undefined;
    const form = formOf(isGemini ? "gemini" : speaksAnthropic ? "anthropic" : "openai", context.modelAccess);
    const id = endpoint === "models" ? "" : modelOfPath(unifiedPath(target, exchange.path));
    let body: string;
    // Of a path that ends with a slash the name is empty.
    if (id === "") body = form.list;
    else {
      const model = form.byId.get(id);
      if (model === undefined)
        throw new GatewayError("model_not_found", `model \`${id.slice(0, 200)}\` is not known`, { param: "model" });
      body = JSON.stringify(model);
    }
    const headers = ["content-type", "application/json", "x-request-id", context.id, ...context.rateLimitHeaders];
    pushReleaseHeaders(headers, context);
    respondWhole(context, 200, headers, body);
    context.pipeline.finish(context);
  };
}

type Format = "openai" | "anthropic" | "gemini";

const FORMS: Record<Format, (models: readonly ListedModel[], compiledAtMs: number) => Form> = {
  openai: (models, compiledAtMs) => {
    const created = Math.floor(compiledAtMs / 1000);
    const byId = byIdOf(models, ({ id, ownedBy, ...known }) => ({
      id,
      object: "model",
      created,
      owned_by: ownedBy,
      ...(known.type === undefined ? {} : { type: known.type }),
      ...(known.contextWindow === undefined ? {} : { context_window: known.contextWindow }),
      ...(known.maxOutputTokens === undefined ? {} : { max_output_tokens: known.maxOutputTokens }),
      ...(known.capabilities === undefined ? {} : { capabilities: known.capabilities }),
      ...(known.price === undefined ? {} : { price: known.price }),
    }));
    return { byId, list: JSON.stringify({ object: "list", data: [...byId.values()] }) };
  },
  anthropic: (models, compiledAtMs) => {
    const createdAt = new Date(compiledAtMs).toISOString();
    const byId = byIdOf(models, ({ id, contextWindow = null, maxOutputTokens = null, price }) => ({
      type: "model",
      id,
      display_name: id,
      created_at: createdAt,
      max_input_tokens: contextWindow,
      max_tokens: maxOutputTokens,
      ...(price === undefined ? {} : { price }),
    }));
    const ids = [...byId.keys()];
    const ends = { first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null };
    return { byId, list: JSON.stringify({ data: [...byId.values()], has_more: false, ...ends }) };
  },
  gemini: (models) => {
    const byId = byIdOf(models, ({ id, type, contextWindow, maxOutputTokens, capabilities }) => ({
      name: `models/${id}`,
      displayName: id,
      supportedGenerationMethods: METHODS[type ?? ""] ?? [...GENERATE, ...EMBED],
      ...(contextWindow === undefined ? {} : { inputTokenLimit: contextWindow }),
      ...(maxOutputTokens === undefined ? {} : { outputTokenLimit: maxOutputTokens }),
      ...(capabilities === undefined ? {} : { thinking: capabilities.includes("reasoning") }),
    }));
    return { byId, list: JSON.stringify({ models: [...byId.values()] }) };
  },
};

const GENERATE = ["generateContent", "streamGenerateContent"];
const EMBED = ["embedContent", "batchEmbedContents"];
const METHODS: Readonly<Record<string, readonly string[]>> = { chat: GENERATE, embedding: EMBED };

function byIdOf(models: readonly ListedModel[], form: (model: ListedModel) => object): Map<string, object> {
  return new Map(models.map((model) => [model.id, form(model)]));
}
