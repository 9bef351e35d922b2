import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { EmbeddingRequest, EmbeddingResponse } from "../../contracts/ir.ts";
import {
  asObject,
  extraFields,
  invalid,
  isObject,
  optionalNumber,
  optionalOneOf,
  optionalString,
  requiredNonEmptyString,
  takeExtra,
  wrongType,
} from "../checks.ts";
import { arrayOr, countOf, stringOr } from "../json.ts";
import { adaptRequest } from "./quirks.ts";
import { readUsage } from "./usage.ts";

const KNOWN_FIELDS = new Set(["model", "input", "dimensions", "encoding_format", "user"]);

/** Body of `POST /embeddings`. Throws GatewayError `invalid_request`. */
export function parseEmbeddingRequest(value: unknown): EmbeddingRequest {
  const body = asObject(value, "");
  const request: EmbeddingRequest = {
    model: requiredNonEmptyString(body, "model", ""),
    input: parseInput(body.input),
  };
  const dimensions = optionalNumber(body, "dimensions", "", { min: 1, integer: true });
  const encodingFormat = optionalOneOf(body, "encoding_format", "", ["float", "base64"]);
  const user = optionalString(body, "user", "");
  const extra = takeExtra("openai", body, KNOWN_FIELDS);
  if (dimensions !== undefined) request.dimensions = dimensions;
  if (encodingFormat !== undefined) request.encodingFormat = encodingFormat;
  if (user !== undefined) request.user = user;
  if (extra !== undefined) request.extra = extra;
  return request;
}

/** A text, the token ids of one text, or an array of either. */
function parseInput(input: unknown): (string | number[])[] {
  if (typeof input === "string") {
    if (input === "") throw invalid("input", "must not be empty.");
    return [input];
  }
  if (!Array.isArray(input)) throw wrongType("input", "a string or an array", input);
  if (input.length === 0) throw invalid("input", "must not be empty.");
  if (typeof input[0] === "number") return [parseTokens(input, "input")];
  return input.map((entry: unknown, index) => {
    const path = `input[${index}]`;
    if (Array.isArray(entry) && entry.length > 0) return parseTokens(entry, path);
    if (typeof entry !== "string" || entry === "") {
      throw wrongType(path, "a non-empty string or an array of token ids", entry);
    }
    return entry;
  });
}

function parseTokens(tokens: unknown[], path: string): number[] {
  return tokens.map((token, index) => {
    if (typeof token !== "number" || !Number.isInteger(token) || token < 0) {
      throw wrongType(`${path}[${index}]`, "a token id (an integer of at least 0)", token);
    }
    return token;
  });
}

/** The JSON text of the answer. `encodingFormat` is the caller's; `model` the name to show. */
export function formatEmbeddingResponse(
  response: EmbeddingResponse,
  context: { model: string; encodingFormat: EmbeddingRequest["encodingFormat"] },
): string {
  const tokens = response.usage?.inputTokens ?? 0;
  return JSON.stringify({
    object: "list",
    data: response.embeddings.map((embedding, index) => ({
      object: "embedding",
      index,
      embedding: context.encodingFormat === "base64" ? encodeFloats(embedding) : embedding,
    })),
    model: context.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

/** Base64 of little-endian 32-bit floats, whatever the machine's byte order. */
export function encodeFloats(values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString("base64");
}

/** null when the text is not a whole number of floats. */
export function decodeFloats(text: string): number[] | null {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.length % 4 !== 0) return null;
  const values: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += 4) values.push(bytes.readFloatLE(offset));
  return values;
}

export function buildEmbeddingCall(request: EmbeddingRequest, target: TargetModel): ProviderCall {
  const [first] = request.input;
  const body: Record<string, unknown> = {
    model: target.model,
    // Some servers take no array with a single text.
    input: request.input.length === 1 ? first : request.input,
  };
  if (request.dimensions !== undefined) body.dimensions = request.dimensions;
  if (request.encodingFormat !== undefined) body.encoding_format = request.encodingFormat;
  if (request.user !== undefined) body.user = request.user;
  Object.assign(body, extraFields(request.extra, "openai"));
  return {
    path: "/embeddings",
    query: "",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(target.quirks === undefined ? body : adaptRequest(body, target.quirks)),
  };
}

/** Vectors in the order of the input, as floats: servers differ in whether they heed `encoding_format`. */
export function parseEmbeddingResponse(body: unknown, target: TargetModel): EmbeddingResponse {
  if (!isObject(body) || !Array.isArray(body.data)) throw notAnAnswer("no `data`");
  const embeddings: number[][] = [];
  for (const [position, entry] of arrayOr(body.data).entries()) {
    const index = isObject(entry) ? (countOf(entry.index) ?? position) : position;
    const embedding = isObject(entry) ? readVector(entry.embedding) : null;
    if (embedding === null || index >= body.data.length) throw notAnAnswer(`\`data[${position}]\` holds no vector`);
    embeddings[index] = embedding;
  }
  if (Object.keys(embeddings).length !== body.data.length) throw notAnAnswer("two entries have the same index");
  const response: EmbeddingResponse = { model: stringOr(body.model, target.model), embeddings };
  const usage = readUsage(body.usage);
  if (usage !== undefined) response.usage = usage;
  return response;
}

function readVector(value: unknown): number[] | null {
  if (typeof value === "string") return decodeFloats(value);
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === "number")) return null;
  return value;
}

function notAnAnswer(what: string): GatewayError {
  return new GatewayError(
    "upstream_protocol_error",
    `The provider's answer is not a list of embeddings: ${what}. Check the provider's base URL and kind.`,
  );
}
