import type { EmbeddingRequest, EmbeddingResponse } from "../../contracts/ir.ts";
import { invalid, type JsonObject, optionalNumber, optionalString, requiredArray, requiredString } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { camelFields, listOf } from "./names.ts";

/**
 * Bodies of `:embedContent` and `:batchEmbedContents`. The texts of one content are one text. `taskType` and `title` say what
 * a vector is for: they go on to providers that have such a field, and change nothing for the others.
 */
export function parseEmbeddingRequest(value: unknown): EmbeddingRequest {
  const body = camelFields(value, "");
  const isBatch = body.requests !== undefined;
  const requests = isBatch
    ? requiredArray(body, "requests", "").map((one, index) => parseOne(one, `requests[${index}]`))
    : [parseOne(body, "")];
  const [first] = requests;
  if (first === undefined) throw invalid("requests", "must hold at least one request.");
  for (const [index, one] of requests.entries()) {
    for (const key of ["taskType", "title", "outputDimensionality"] as const) {
      if (one[key] === first[key]) continue;
      throw unsupportedField(`requests[${index}].${key}`, "differs from that of the first request of the batch");
    }
  }
  const request: EmbeddingRequest = { model: "", input: requests.map(({ text }) => text) };
  if (first.outputDimensionality !== undefined) request.dimensions = first.outputDimensionality;
  const fields: JsonObject = {};
  if (first.taskType !== undefined) fields.taskType = first.taskType;
  if (first.title !== undefined) fields.title = first.title;
  if (Object.keys(fields).length > 0) request.extra = { dialect: "gemini", fields };
  return request;
}

interface OneRequest {
  text: string;
  taskType: string | undefined;
  title: string | undefined;
  outputDimensionality: number | undefined;
}

function parseOne(value: unknown, path: string): OneRequest {
  const prefix = path === "" ? "" : `${path}.`;
  const request = camelFields(value, path);
  const content = camelFields(request.content, `${prefix}content`);
  const texts = (listOf(content, "parts") ?? []).map((part, index) => {
    const partPath = `${prefix}content.parts[${index}]`;
    const fields = camelFields(part, partPath);
    if (fields.inlineData !== undefined || fields.fileData !== undefined) {
      throw unsupportedField(partPath, "is no text, and only Gemini's own models embed anything else");
    }
    return requiredString(fields, "text", partPath);
  });
  if (texts.join("") === "") throw invalid(`${prefix}content`, "must hold text.");
  return {
    text: texts.join("\n"),
    taskType: optionalString(request, "taskType", path),
    title: optionalString(request, "title", path),
    outputDimensionality: optionalNumber(request, "outputDimensionality", path, { min: 1, integer: true }),
  };
}

/** `method`: what the caller has used. */
export function formatEmbeddingResponse(response: EmbeddingResponse, { method }: { method: string }): string {
  const embeddings = response.embeddings.map((values) => ({ values }));
  const usage = response.usage === undefined ? {} : { usageMetadata: { promptTokenCount: response.usage.inputTokens } };
  return JSON.stringify(method === "embedContent" ? { embedding: embeddings[0], ...usage } : { embeddings, ...usage });
}
