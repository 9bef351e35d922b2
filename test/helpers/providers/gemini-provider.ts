import { randomUUID } from "node:crypto";
import type { ZodError } from "zod";
import {
  batchEmbedRequest,
  countTokensRequest,
  type EmbedRequest,
  embedRequest,
  type GeminiContent,
  type GeminiPart,
  type GenerateRequest,
  generateRequest,
} from "./gemini-requests.ts";
import { checkGenerate, isGemini3, refuse, refuseField } from "./gemini-rules.ts";
import {
  type ProviderAnswer,
  type RecordedRequest,
  Refusal,
  type SimulatedProvider,
  startProvider,
} from "./http-provider.ts";
import { complaintOf } from "./issues.ts";
import { type Answer, answerTo, describeImage, embed, type Prompt, tokensOf } from "./model.ts";

const GEMINI_MODELS = ["gemini-2.5-flash", "gemini-3-flash-preview"];
const EMBEDDING_MODELS = ["gemini-embedding-001"];
const PATH =
  /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent|embedContent|batchEmbedContents|countTokens)$/;

/** generateContent and embeddings, as generativelanguage.googleapis.com answers. */
export function startGeminiProvider(key = "AIza-gemini-provider-key-1234567890"): Promise<SimulatedProvider> {
  const failed = { code: 503, message: "The model is overloaded. Please try again later.", status: "UNAVAILABLE" };
  return startProvider(
    {
      answer: (request) => answer(request, key),
      errorEvent: event({ error: failed }),
      headers: { server: "scaffolding on HTTPServer2", vary: "Origin, X-Origin, Referer" },
    },
    { versionPath: "/v1beta", key },
  );
}

function answer(request: RecordedRequest, key: string): ProviderAnswer {
  const match = PATH.exec(request.path);
  // Google's front end knows no method that is not allowed: it finds nothing there.
  if (match === null || request.method !== "POST") {
    throw new Refusal(404, `<!DOCTYPE html><title>Error 404 (Not Found)!!1</title><p>${request.path} was not found.`);
  }
  checkKey(request, key);
  const [, model = "", method = ""] = match;
  const known = method.includes("mbed") ? EMBEDDING_MODELS : GEMINI_MODELS;
  if (!known.includes(model)) {
    const message = `models/${model} is not found for API version v1beta, or is not supported for ${method}.`;
    throw refuse(404, message);
  }
  if (request.body === undefined) throw refuse(400, "Invalid JSON payload received. Unexpected end of string.");
  switch (method) {
    case "embedContent":
      return { status: 200, body: { embedding: vectorOf(parse(embedRequest, request.body), model) } };
    case "batchEmbedContents": {
      const { requests } = parse(batchEmbedRequest, request.body);
      return { status: 200, body: { embeddings: requests.map((one) => vectorOf(one, model)) } };
    }
    case "countTokens": {
      const { contents } = parse(countTokensRequest, request.body);
      const totalTokens = contents.reduce((sum, content) => sum + tokensOf(textOf(content)).length, 0);
      return {
        status: 200,
        body: { totalTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }] },
      };
    }
    default:
      return generate(parse(generateRequest, request.body), model, method, request.query);
  }
}

function checkKey(request: RecordedRequest, key: string): void {
  const given = request.headers["x-goog-api-key"];
  if (given === undefined) {
    throw refuse(403, "Method doesn't allow unregistered callers (callers without established identity).");
  }
  if (given === key) return;
  const domain = "googleapis.com";
  throw refuse(400, "API key not valid. Please pass a valid API key.", [
    { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID", domain },
  ]);
}

function parse<Output>(
  schema: { safeParse(value: unknown): { success: true; data: Output } | { success: false; error: ZodError } },
  body: Record<string, unknown>,
): Output {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { kind, path, message } = complaintOf(result.error);
  const place = path
    .map((step) =>
      typeof step === "number" ? `[${step}]` : `.${step.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
    )
    .join("")
    .slice(1);
  const parent = place.replace(/\.?[^.[]+$/, "");
  if (kind !== "unknown") throw refuseField(place, `* GenerateContentRequest.${place}: ${message}`);
  const where = parent === "" ? "" : ` at '${parent}'`;
  throw refuseField(parent, `Invalid JSON payload received. Unknown name "${path.at(-1)}"${where}: Cannot find field.`);
}

function generate(request: GenerateRequest, model: string, method: string, query: URLSearchParams): ProviderAnswer {
  checkGenerate(request, model);
  const reply = answerTo(promptOf(request, model));
  const responseId = randomUUID();
  const includeThoughts = request.generationConfig?.thinkingConfig?.includeThoughts === true;
  const count = request.generationConfig?.candidateCount ?? 1;
  const parts = partsOf(reply, model, includeThoughts);
  const wrap = (pieces: GeminiPart[], index: number, finishReason?: string) => ({
    content: { role: "model", parts: pieces },
    ...(finishReason === undefined ? {} : { finishReason }),
    index,
  });
  const finishReason = reply.finish === "length" ? "MAX_TOKENS" : "STOP";
  const tail = { usageMetadata: usageOf(reply), modelVersion: model, responseId };
  const indices = Array.from({ length: count }, (_, index) => index);
  if (method === "generateContent") {
    return { status: 200, body: { candidates: indices.map((index) => wrap(parts, index, finishReason)), ...tail } };
  }
  const pieces = parts.flatMap(splitText);
  const events = indices.flatMap((index) =>
    pieces.map((piece, position) =>
      event({ candidates: [wrap([piece], index, position === pieces.length - 1 ? finishReason : undefined)], ...tail }),
    ),
  );
  if (query.get("alt") === "sse") return { status: 200, events };
  return { status: 200, body: events.map((text) => JSON.parse(text.slice("data: ".length))) };
}

function promptOf(request: GenerateRequest, model: string): Prompt {
  const { contents, systemInstruction, generationConfig: config = {} } = request;
  const calling = request.toolConfig?.functionCallingConfig;
  const forced = calling?.allowedFunctionNames?.[0];
  const last = contents.at(-1);
  const thinking = config.thinkingConfig;
  return {
    texts: [systemInstruction, ...contents].map((content) => (content === undefined ? "" : textOf(content))),
    said: last === undefined ? "" : textOf(last),
    toolResults: (last?.parts ?? []).flatMap(({ functionResponse }) =>
      functionResponse === undefined
        ? []
        : [{ name: functionResponse.name, text: resultText(functionResponse.response) }],
    ),
    tools: (request.tools ?? [])
      .flatMap((tool) => tool.functionDeclarations ?? [])
      .map((tool) => ({
        name: tool.name,
        schema: tool.parametersJsonSchema ?? jsonSchemaOf(tool.parameters) ?? { type: "object" },
      })),
    toolChoice: forced !== undefined ? { forced } : calling?.mode === "NONE" ? "none" : "auto",
    parallelToolCalls: true,
    maxTokens: config.maxOutputTokens ?? 4096,
    stop: config.stopSequences ?? [],
    outputSchema: config.responseJsonSchema ?? jsonSchemaOf(config.responseSchema),
    jsonObject: config.responseMimeType === "application/json",
    thinks: isGemini3(model) || (thinking !== undefined && thinking.thinkingBudget !== 0),
  };
}

/** Gemini's own schemas have their types in capitals. */
function jsonSchemaOf(schema: unknown): unknown {
  if (schema === undefined) return undefined;
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "type" && typeof value === "string" ? value.toLowerCase() : value,
  );
}

/** The text of a result, whatever the object it is wrapped in. */
function resultText(response: Record<string, unknown>): string {
  const values = Object.values(response);
  return values.length === 1 && typeof values[0] === "string" ? values[0] : JSON.stringify(response);
}

function textOf({ parts }: { parts: GeminiContent["parts"] }): string {
  return parts
    .map(({ text, inlineData, fileData }) => {
      if (inlineData !== undefined) return describeImage({ mediaType: inlineData.mimeType, base64: inlineData.data });
      return fileData === undefined ? (text ?? "") : describeImage({ url: fileData.fileUri });
    })
    .filter((text) => text !== "")
    .join(" ");
}

/** Gemini 3 signs the first of parallel calls and gives each an id; models before it do neither. */
function partsOf(reply: Answer, model: string, includeThoughts: boolean): GeminiPart[] {
  const parts: GeminiPart[] = [];
  if (includeThoughts && reply.thinking !== null) parts.push({ text: reply.thinking, thought: true });
  for (const [index, call] of reply.toolCalls.entries()) {
    const functionCall = { name: call.name, args: call.arguments };
    if (!isGemini3(model)) parts.push({ functionCall });
    else {
      const id = `fc_simulated${index}`;
      parts.push({
        functionCall: { id, ...functionCall },
        ...(index === 0 ? { thoughtSignature: "c2lnbmF0dXJl" } : {}),
      });
    }
  }
  if (reply.toolCalls.length === 0) parts.push({ text: reply.text });
  return parts;
}

/** Text comes in words; a function call comes whole. */
function splitText(part: GeminiPart): GeminiPart[] {
  const words = part.text === undefined ? [] : tokensOf(part.text);
  return words.length < 2 ? [part] : words.map((text) => ({ ...part, text }));
}

function usageOf({ usage }: Answer) {
  return {
    promptTokenCount: usage.input,
    cachedContentTokenCount: usage.cached,
    candidatesTokenCount: usage.output - usage.reasoning,
    ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
    totalTokenCount: usage.input + usage.output,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.input }],
  };
}

function vectorOf({ content, outputDimensionality, model: named }: EmbedRequest, model: string): { values: number[] } {
  if (named !== undefined && named !== `models/${model}`) throw refuse(400, `model: must be models/${model}`);
  return { values: embed(content.parts.map((part) => part.text).join(" "), outputDimensionality ?? 8) };
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\r\n\r\n`;
}
