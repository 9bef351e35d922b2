import { z } from "zod";

/**
 * Request bodies of Cohere's v2 API; fields as in the types of `cohere-ai`, version 8.1. Unknown ones are refused.
 */

const json = z.record(z.string(), z.unknown());
const text = z.strictObject({ type: z.literal("text"), text: z.string() });
const image = z.strictObject({
  type: z.literal("image_url"),
  image_url: z.strictObject({
    url: z.string().regex(/^(?:https?:\/\/|data:image\/)/),
    detail: z.enum(["auto", "low", "high"]).optional(),
  }),
});
const thinking = z.strictObject({ type: z.literal("thinking"), thinking: z.string() });
const document = z.strictObject({
  type: z.literal("document"),
  document: z.strictObject({ data: json, id: z.string().optional() }),
});

const message = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("system"), content: z.union([z.string(), z.array(text).min(1)]) }),
  z.strictObject({ role: z.literal("user"), content: z.union([z.string(), z.array(z.union([text, image])).min(1)]) }),
  z.strictObject({
    role: z.literal("assistant"),
    content: z.union([z.string(), z.array(z.union([text, thinking]))]).optional(),
    tool_plan: z.string().optional(),
    tool_calls: z
      .array(
        z.strictObject({
          id: z.string().min(1),
          type: z.literal("function"),
          function: z.strictObject({ name: z.string(), arguments: z.string() }),
        }),
      )
      .optional(),
    citations: z.array(json).optional(),
  }),
  z.strictObject({
    role: z.literal("tool"),
    tool_call_id: z.string(),
    content: z.union([z.string(), z.array(z.union([text, document])).min(1)]),
  }),
]);

export const chatRequest = z.strictObject({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal("function"),
        function: z.strictObject({ name: z.string(), description: z.string().optional(), parameters: json }),
      }),
    )
    .optional(),
  strict_tools: z.boolean().optional(),
  tool_choice: z.enum(["REQUIRED", "NONE"]).optional(),
  documents: z.array(z.union([z.string(), z.strictObject({ data: json, id: z.string().optional() })])).optional(),
  citation_options: z
    .strictObject({ mode: z.enum(["ENABLED", "DISABLED", "FAST", "ACCURATE", "OFF"]).optional() })
    .optional(),
  response_format: z.strictObject({ type: z.enum(["text", "json_object"]), json_schema: json.optional() }).optional(),
  safety_mode: z.enum(["CONTEXTUAL", "STRICT", "OFF"]).optional(),
  max_tokens: z.int().min(1).optional(),
  stop_sequences: z.array(z.string().min(1)).max(5).optional(),
  temperature: z.number().min(0).optional(),
  seed: z.int().min(0).optional(),
  frequency_penalty: z.number().min(0).max(1).optional(),
  presence_penalty: z.number().min(0).max(1).optional(),
  k: z.int().min(0).max(500).optional(),
  p: z.number().min(0.01).max(0.99).optional(),
  logprobs: z.boolean().optional(),
  thinking: z
    .strictObject({ type: z.enum(["enabled", "disabled"]), token_budget: z.int().min(1).optional() })
    .optional(),
  priority: z.int().optional(),
});

export type ChatRequest = z.infer<typeof chatRequest>;
export type ChatMessage = ChatRequest["messages"][number];

export const embedRequest = z.strictObject({
  model: z.string(),
  texts: z.array(z.string().min(1)).min(1).max(96),
  input_type: z.enum(["search_document", "search_query", "classification", "clustering", "image"]),
  embedding_types: z.array(z.enum(["float", "int8", "uint8", "binary", "ubinary", "base64"])).optional(),
  output_dimension: z.int().min(1).optional(),
  truncate: z.enum(["NONE", "START", "END"]).optional(),
});

export type EmbedRequest = z.infer<typeof embedRequest>;
