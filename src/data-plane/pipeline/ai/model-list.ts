import { GatewayError } from "../../../contracts/errors.ts";
import type { Snapshot } from "../../../contracts/snapshot.ts";
import { modelOfPath } from "../../../dialects/model-path.ts";
import type { Context } from "../context.ts";
import { respondWhole } from "../stages/respond.ts";
import type { ModelRoutes } from "./model-routes.ts";

/**
 * `GET /v1/models` and `GET /v1/models/{id}` in the shape of OpenAI, or of Anthropic for a caller that sends
 * `anthropic-version`, or of Gemini for one that sends `x-goog-api-client`; those of `/v1beta` in Gemini's always. Compiled to
 * bytes once per snapshot.
 */
export function compileModelList(
  routes: ModelRoutes,
  snapshot: Pick<Snapshot, "compiledAtMs">,
): (context: Context, endpoint: "models" | "model") => void {
  const created = Math.floor(snapshot.compiledAtMs / 1000);
  const createdAt = new Date(snapshot.compiledAtMs).toISOString();
  const openai = new Map(
    routes.listed.map(({ id, ownedBy }) => [id, { id, object: "model", created, owned_by: ownedBy }] as const),
  );
  const anthropic = new Map(
    routes.listed.map(({ id }) => [id, { type: "model", id, display_name: id, created_at: createdAt }] as const),
  );
  const gemini = new Map(
    routes.listed.map(
      ({ id }) => [id, { name: `models/${id}`, displayName: id, supportedGenerationMethods: GEMINI_METHODS }] as const,
    ),
  );
  const geminiList = JSON.stringify({ models: [...gemini.values()] });
  const openaiList = JSON.stringify({ object: "list", data: [...openai.values()] });
  const ids = [...anthropic.keys()];
  const anthropicList = JSON.stringify({
    data: [...anthropic.values()],
    has_more: false,
    first_id: ids[0] ?? null,
    last_id: ids.at(-1) ?? null,
  });

  return (context, endpoint) => {
    const { exchange, target } = context;
    const dialect = target?.kind === "ai" ? target.inbound.name : "openai";
    const isGemini = dialect === "gemini" || exchange.header("x-goog-api-client") !== undefined;
    const speaksAnthropic = dialect === "anthropic" || exchange.header("anthropic-version") !== undefined;
    const id = endpoint === "models" ? "" : modelOfPath(exchange.path);
    let body: string;
    // Of a path that ends with a slash the name is empty.
    if (id === "") body = isGemini ? geminiList : speaksAnthropic ? anthropicList : openaiList;
    else {
      const model = (isGemini ? gemini : speaksAnthropic ? anthropic : openai).get(id);
      if (model === undefined)
        throw new GatewayError("model_not_found", `model \`${id.slice(0, 200)}\` is not known`, { param: "model" });
      body = JSON.stringify(model);
    }
    const headers = ["content-type", "application/json", "x-request-id", context.id, ...context.rateLimitHeaders];
    respondWhole(context, 200, headers, body);
    context.pipeline.finish(context);
  };
}

const GEMINI_METHODS = ["generateContent", "streamGenerateContent", "embedContent", "batchEmbedContents"];
