import { z } from "zod";

/**
 * Request bodies of Converse and ConverseStream; fields as in the types of `@aws-sdk/client-bedrock-runtime`, version
 * 3.1164. Unknown ones are refused.
 */

const json = z.record(z.string(), z.unknown());
const s3 = z.strictObject({ uri: z.string().regex(/^s3:\/\//), bucketOwner: z.string().optional() });
const source = z
  .strictObject({ bytes: z.base64().min(1).optional(), s3Location: s3.optional() })
  .refine(({ bytes, s3Location }) => (bytes === undefined) !== (s3Location === undefined), { message: "one of them" });

const image = z.strictObject({ format: z.enum(["png", "jpeg", "gif", "webp"]), source });
const document = z.strictObject({
  format: z.enum(["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]).optional(),
  name: z
    .string()
    .regex(/^(?!.*\s\s)[a-zA-Z0-9\s()[\]-]+$/)
    .max(200),
  source,
  context: z.string().optional(),
  citations: z.strictObject({ enabled: z.boolean() }).optional(),
});
const video = z.strictObject({ format: z.string(), source });
const cachePoint = z.strictObject({ type: z.literal("default"), ttl: z.enum(["5m", "1h"]).optional() });
const toolUseId = z.string().regex(/^[a-zA-Z0-9_.:-]{1,64}$/);
const name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/);

/** A union: exactly one of its members. */
function oneOf<Shape extends z.ZodRawShape>(shape: Shape) {
  return z
    .strictObject(shape)
    .partial()
    .refine((value) => Object.keys(value).length === 1, { message: "must have exactly one member set" });
}

const block = oneOf({
  text: z.string().regex(/\S/),
  image,
  document,
  video,
  audio: z.strictObject({ format: z.string(), source }),
  toolUse: z.strictObject({ toolUseId, name, input: json, type: z.string().optional() }),
  toolResult: z.strictObject({
    toolUseId,
    content: z.array(oneOf({ text: z.string(), json, image, document, video, searchResult: json })),
    status: z.enum(["success", "error"]).optional(),
    type: z.string().optional(),
  }),
  guardContent: json,
  cachePoint,
  reasoningContent: oneOf({
    reasoningText: z.strictObject({ text: z.string(), signature: z.string().optional() }),
    redactedContent: z.base64(),
  }),
  citationsContent: json,
  searchResult: json,
});

export const converseRequest = z.strictObject({
  messages: z.array(z.strictObject({ role: z.enum(["user", "assistant"]), content: z.array(block).min(1) })).min(1),
  system: z.array(oneOf({ text: z.string().regex(/\S/), guardContent: json, cachePoint })).optional(),
  inferenceConfig: z
    .strictObject({
      maxTokens: z.int().min(1).optional(),
      temperature: z.number().min(0).max(1).optional(),
      topP: z.number().min(0).max(1).optional(),
      stopSequences: z.array(z.string().min(1)).max(2500).optional(),
    })
    .optional(),
  toolConfig: z
    .strictObject({
      tools: z
        .array(
          oneOf({
            toolSpec: z.strictObject({
              name,
              description: z.string().min(1).optional(),
              inputSchema: z.strictObject({ json }),
              strict: z.boolean().optional(),
            }),
            systemTool: z.strictObject({ name: z.string() }),
            cachePoint,
          }),
        )
        .min(1),
      toolChoice: oneOf({
        auto: z.strictObject({}),
        any: z.strictObject({}),
        tool: z.strictObject({ name }),
      }).optional(),
    })
    .optional(),
  guardrailConfig: json.optional(),
  additionalModelRequestFields: json.optional(),
  promptVariables: json.optional(),
  additionalModelResponseFieldPaths: z.array(z.string().startsWith("/")).max(10).optional(),
  requestMetadata: z.record(z.string(), z.string().regex(/^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/)).optional(),
  performanceConfig: z.strictObject({ latency: z.enum(["standard", "optimized"]) }).optional(),
  serviceTier: z.strictObject({ type: z.enum(["default", "flex", "priority", "reserved"]) }).optional(),
  outputConfig: z
    .strictObject({
      textFormat: z
        .strictObject({
          type: z.literal("json_schema"),
          structure: z.strictObject({
            jsonSchema: z.strictObject({
              schema: z.string(),
              name: z.string().optional(),
              description: z.string().optional(),
            }),
          }),
        })
        .optional(),
      effort: z.enum(["low", "medium", "high", "xhigh", "max"]).optional(),
    })
    .optional(),
});

export type ConverseRequest = z.infer<typeof converseRequest>;
export type ConverseBlock = ConverseRequest["messages"][number]["content"][number];

/** What Claude takes in `additionalModelRequestFields`; it refuses others by itself. */
export const claudeFields = z.strictObject({
  top_k: z.int().optional(),
  thinking: z
    .union([
      z.strictObject({ type: z.literal("adaptive"), display: z.enum(["summarized", "omitted"]).optional() }),
      z.strictObject({
        type: z.literal("enabled"),
        budget_tokens: z.int().min(1024),
        display: z.enum(["summarized", "omitted"]).optional(),
      }),
      z.strictObject({ type: z.literal("disabled") }),
    ])
    .optional(),
  tool_choice: z
    .strictObject({
      type: z.enum(["auto", "any", "tool", "none"]),
      name: z.string().optional(),
      disable_parallel_tool_use: z.boolean().optional(),
    })
    .optional(),
});

export type ClaudeFields = z.infer<typeof claudeFields>;
