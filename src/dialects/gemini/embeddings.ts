import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { EmbeddingRequest, EmbeddingResponse } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { parseUsage } from "./answer.ts";
import { modelPath } from "./models.ts";

/**
 * One text goes to `:embedContent`, several to `:batchEmbedContents`. Token ids are refused: Gemini embeds text only.
 * `taskType` (or `task_type`) and `title` are taken from the caller's unknown fields, whatever its dialect: they are how
 * a caller of the unified API says them. Most models report no usage.
 */
export function buildEmbeddingCall(request: EmbeddingRequest, target: TargetModel): ProviderCall {
  const path = modelPath(target.model);
  const options = embeddingOptions(request);
  const requests = request.input.map((input, index) => {
    if (typeof input !== "string") {
      throw unsupportedField(`input[${index}]`, "holds token ids, but Gemini embeds text only");
    }
    return { model: path.slice(1), content: { parts: [{ text: input }] }, ...options };
  });
  const single = requests.length === 1 ? requests[0] : undefined;
  return {
    path: `${path}:${single === undefined ? "batchEmbedContents" : "embedContent"}`,
    query: "",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(single ?? { requests }),
  };
}

function embeddingOptions(request: EmbeddingRequest): JsonObject {
  const options: JsonObject = {};
  const fields = request.extra?.fields ?? {};
  const taskType = fields.taskType ?? fields.task_type;
  if (typeof taskType === "string") options.taskType = taskType;
  if (typeof fields.title === "string") options.title = fields.title;
  if (request.dimensions !== undefined) options.outputDimensionality = request.dimensions;
  return options;
}

/** Throws GatewayError `upstream_protocol_error` when the body holds no embeddings. */
export function parseEmbeddingResponse(body: unknown, target: TargetModel): EmbeddingResponse {
  const list = isObject(body) ? (Array.isArray(body.embeddings) ? body.embeddings : [body.embedding]) : [];
  const embeddings = list.map((entry: unknown) => {
    if (isObject(entry) && Array.isArray(entry.values)) {
      const values = entry.values.filter((value): value is number => typeof value === "number");
      if (values.length === entry.values.length) return values;
    }
    throw notEmbeddings();
  });
  if (!isObject(body) || embeddings.length === 0) throw notEmbeddings();
  const usage = parseUsage(body.usageMetadata);
  return { model: target.model, embeddings, ...(usage === null ? {} : { usage }) };
}

function notEmbeddings(): GatewayError {
  return new GatewayError("upstream_protocol_error", "The provider's answer holds no Gemini embeddings.");
}
