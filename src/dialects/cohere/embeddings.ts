import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { EmbeddingRequest, EmbeddingResponse, Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { countOf } from "../json.ts";

/** What vectors are for, in Gemini's words. */
const INPUT_TYPES: Record<string, string> = {
  RETRIEVAL_QUERY: "search_query",
  QUESTION_ANSWERING: "search_query",
  FACT_VERIFICATION: "search_query",
  CODE_RETRIEVAL_QUERY: "search_query",
  RETRIEVAL_DOCUMENT: "search_document",
  SEMANTIC_SIMILARITY: "clustering",
  CLASSIFICATION: "classification",
  CLUSTERING: "clustering",
};

/**
 * `POST /embed` of the v2 API. Cohere demands to know what the vectors are for: `input_type`, or Gemini's `taskType`, is taken
 * from the caller's unknown fields, whatever its dialect; `search_document` otherwise. So is `truncate`. Token ids are refused.
 */
export function buildEmbeddingCall(request: EmbeddingRequest, target: TargetModel): ProviderCall {
  const texts = request.input.map((input, index) => {
    if (typeof input === "string") return input;
    throw unsupportedField(`input[${index}]`, "holds token ids, but Cohere embeds text only");
  });
  const fields = request.extra?.fields ?? {};
  const taskType = fields.taskType ?? fields.task_type;
  const named = typeof taskType === "string" ? INPUT_TYPES[taskType] : undefined;
  const body: JsonObject = {
    model: target.model,
    texts,
    input_type: typeof fields.input_type === "string" ? fields.input_type : (named ?? "search_document"),
    embedding_types: ["float"],
  };
  if (request.dimensions !== undefined) body.output_dimension = request.dimensions;
  if (typeof fields.truncate === "string") body.truncate = fields.truncate;
  return {
    path: "/embed",
    query: "",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  };
}

/** Throws GatewayError `upstream_protocol_error` when the body holds no embeddings. */
export function parseEmbeddingResponse(body: unknown, target: TargetModel): EmbeddingResponse {
  const lists = isObject(body) && isObject(body.embeddings) ? body.embeddings.float : undefined;
  if (!isObject(body) || !Array.isArray(lists) || lists.length === 0 || !lists.every(isVector)) {
    throw new GatewayError("upstream_protocol_error", "The provider's answer holds no Cohere embeddings.");
  }
  const usage = usageOf(body.meta);
  return { model: target.model, embeddings: lists, ...(usage === null ? {} : { usage }) };
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "number");
}

function usageOf(meta: unknown): Usage | null {
  const billed = isObject(meta) && isObject(meta.billed_units) ? meta.billed_units : {};
  const inputTokens = countOf(billed.input_tokens);
  return inputTokens === undefined ? null : { inputTokens, outputTokens: 0 };
}
