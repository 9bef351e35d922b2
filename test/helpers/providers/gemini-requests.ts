import { z } from "zod";

/**
 * Request bodies of the Gemini API; fields as in the types of `@google/genai`, version 2.32, as far as the Developer API
 * takes them. Unknown ones are refused.
 */

const json = z.record(z.string(), z.unknown());

const part = z
  .strictObject({
    text: z.string().optional(),
    thought: z.boolean().optional(),
    thoughtSignature: z.string().min(1).optional(),
    inlineData: z
      .strictObject({
        mimeType: z.string().regex(/^\w+\/[\w.+-]+$/),
        data: z.base64().min(1),
        displayName: z.string().optional(),
      })
      .optional(),
    fileData: z
      .strictObject({
        fileUri: z.string().regex(/^(?:https|gs):\/\//),
        mimeType: z.string().optional(),
        displayName: z.string().optional(),
      })
      .optional(),
    functionCall: z
      .strictObject({ id: z.string().optional(), name: z.string().min(1), args: json.optional() })
      .optional(),
    functionResponse: z
      .strictObject({
        id: z.string().optional(),
        name: z.string().min(1),
        response: json,
        parts: z
          .array(z.strictObject({ inlineData: z.strictObject({ mimeType: z.string(), data: z.base64() }) }))
          .optional(),
      })
      .optional(),
    mediaResolution: json.optional(),
    videoMetadata: json.optional(),
  })
  .refine(
    ({ text, inlineData, fileData, functionCall, functionResponse }) =>
      [text, inlineData, fileData, functionCall, functionResponse].filter((value) => value !== undefined).length === 1,
    { message: "required oneof field 'data' must have one initialized field" },
  );

const content = z.strictObject({ role: z.enum(["user", "model"]).optional(), parts: z.array(part).min(1) });

const tool = z.strictObject({
  functionDeclarations: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-zA-Z_][\w.:-]{0,127}$/),
        description: z.string().optional(),
        parameters: json.optional(),
        parametersJsonSchema: json.optional(),
        response: json.optional(),
        responseJsonSchema: json.optional(),
        behavior: z.enum(["BLOCKING", "NON_BLOCKING"]).optional(),
      }),
    )
    .min(1)
    .optional(),
  googleSearch: json.optional(),
  codeExecution: json.optional(),
  urlContext: json.optional(),
});

export const generateRequest = z.strictObject({
  contents: z.array(content).min(1),
  systemInstruction: z.strictObject({ role: z.string().optional(), parts: z.array(part).min(1) }).optional(),
  tools: z.array(tool).optional(),
  toolConfig: z
    .strictObject({
      functionCallingConfig: z
        .strictObject({
          mode: z.enum(["AUTO", "ANY", "NONE", "VALIDATED"]).optional(),
          allowedFunctionNames: z.array(z.string()).optional(),
        })
        .optional(),
      retrievalConfig: json.optional(),
    })
    .optional(),
  safetySettings: z.array(z.strictObject({ category: z.string(), threshold: z.string() })).optional(),
  cachedContent: z.string().optional(),
  serviceTier: z.enum(["standard", "flex", "priority"]).optional(),
  store: z.boolean().optional(),
  generationConfig: z
    .strictObject({
      temperature: z.number().min(0).max(2).optional(),
      topP: z.number().min(0).max(1).optional(),
      topK: z.int().min(1).optional(),
      candidateCount: z.int().min(1).max(8).optional(),
      maxOutputTokens: z.int().min(1).optional(),
      stopSequences: z.array(z.string().min(1)).max(5).optional(),
      responseLogprobs: z.boolean().optional(),
      logprobs: z.int().min(0).max(20).optional(),
      presencePenalty: z.number().min(-2).max(2).optional(),
      frequencyPenalty: z.number().min(-2).max(2).optional(),
      seed: z.int().optional(),
      responseMimeType: z.enum(["text/plain", "application/json"]).optional(),
      responseSchema: json.optional(),
      responseJsonSchema: json.optional(),
      responseModalities: z.array(z.string()).optional(),
      mediaResolution: z.string().optional(),
      thinkingConfig: z
        .strictObject({
          includeThoughts: z.boolean().optional(),
          thinkingBudget: z.int().min(-1).max(32_768).optional(),
          thinkingLevel: z.enum(["MINIMAL", "LOW", "MEDIUM", "HIGH"]).optional(),
        })
        .optional(),
    })
    .optional(),
});

export const countTokensRequest = z.strictObject({ contents: z.array(content).min(1) });

export type GenerateRequest = z.infer<typeof generateRequest>;
export type GeminiContent = GenerateRequest["contents"][number];
export type GeminiPart = GeminiContent["parts"][number];

export const embedRequest = z.strictObject({
  model: z.string().optional(),
  content: z.strictObject({
    role: z.string().optional(),
    parts: z.array(z.strictObject({ text: z.string().min(1) })).min(1),
  }),
  taskType: z
    .enum([
      "RETRIEVAL_QUERY",
      "RETRIEVAL_DOCUMENT",
      "SEMANTIC_SIMILARITY",
      "CLASSIFICATION",
      "CLUSTERING",
      "QUESTION_ANSWERING",
      "FACT_VERIFICATION",
      "CODE_RETRIEVAL_QUERY",
    ])
    .optional(),
  title: z.string().optional(),
  outputDimensionality: z.int().min(1).optional(),
});

export const batchEmbedRequest = z.strictObject({ requests: z.array(embedRequest).min(1).max(100) });

export type EmbedRequest = z.infer<typeof embedRequest>;
