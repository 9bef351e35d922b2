import { z } from "zod";

/** `POST /v1/messages`; fields as in the types of `@anthropic-ai/sdk`, version 1.12. Unknown ones are refused. */

const cacheControl = z.strictObject({ type: z.literal("ephemeral"), ttl: z.enum(["5m", "1h"]).optional() }).nullish();

const textBlock = z.strictObject({
  type: z.literal("text"),
  text: z.string(),
  cache_control: cacheControl,
  citations: z.array(z.unknown()).nullish(),
});
const imageBlock = z.strictObject({
  type: z.literal("image"),
  source: z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("base64"),
      data: z.base64().min(1),
      media_type: z.enum(["image/jpeg", "image/png", "image/gif", "image/webp"]),
    }),
    z.strictObject({ type: z.literal("url"), url: z.string().startsWith("https://") }),
    z.strictObject({ type: z.literal("file"), file_id: z.string() }),
  ]),
  cache_control: cacheControl,
});
const documentBlock = z.strictObject({
  type: z.literal("document"),
  source: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("base64"), data: z.base64().min(1), media_type: z.literal("application/pdf") }),
    z.strictObject({ type: z.literal("text"), data: z.string(), media_type: z.literal("text/plain") }),
    z.strictObject({ type: z.literal("url"), url: z.string().startsWith("https://") }),
    z.strictObject({ type: z.literal("file"), file_id: z.string() }),
  ]),
  title: z.string().nullish(),
  context: z.string().nullish(),
  citations: z.strictObject({ enabled: z.boolean().optional() }).nullish(),
  cache_control: cacheControl,
});

const toolId = z.string().regex(/^[a-zA-Z0-9_-]+$/);
const toolName = z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/);
const toolUse = z.strictObject({
  type: z.literal("tool_use"),
  id: toolId,
  name: toolName,
  input: z.record(z.string(), z.unknown()),
  caller: z.unknown().optional(),
  cache_control: cacheControl,
});
const toolResult = z.strictObject({
  type: z.literal("tool_result"),
  tool_use_id: toolId,
  content: z
    .union([z.string(), z.array(z.discriminatedUnion("type", [textBlock, imageBlock, documentBlock]))])
    .optional(),
  is_error: z.boolean().optional(),
  cache_control: cacheControl,
});
const thinkingBlock = z.strictObject({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() });
const redactedBlock = z.strictObject({ type: z.literal("redacted_thinking"), data: z.string() });

const message = z.discriminatedUnion("role", [
  z.strictObject({
    role: z.literal("user"),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion("type", [textBlock, imageBlock, documentBlock, toolResult])),
    ]),
  }),
  z.strictObject({
    role: z.literal("assistant"),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion("type", [textBlock, toolUse, thinkingBlock, redactedBlock])),
    ]),
  }),
  z.strictObject({ role: z.literal("system"), content: z.union([z.string(), z.array(textBlock)]) }),
]);

const display = z.enum(["summarized", "omitted"]).nullish();
const disableParallel = z.boolean().optional();

export const messagesRequest = z.strictObject({
  model: z.string(),
  max_tokens: z.int().min(1),
  messages: z.array(message).min(1),
  system: z.union([z.string(), z.array(textBlock)]).optional(),
  cache_control: cacheControl,
  inference_geo: z.string().nullish(),
  metadata: z.strictObject({ user_id: z.string().max(256).nullish() }).optional(),
  output_config: z
    .strictObject({
      effort: z.enum(["low", "medium", "high", "xhigh", "max"]).nullish(),
      format: z.strictObject({ type: z.literal("json_schema"), schema: z.record(z.string(), z.unknown()) }).nullish(),
    })
    .optional(),
  service_tier: z.enum(["auto", "standard_only"]).optional(),
  speed: z.enum(["standard", "fast"]).nullish(),
  stop_sequences: z.array(z.string()).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  thinking: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("enabled"), budget_tokens: z.int().min(1024), display }),
      z.strictObject({ type: z.literal("adaptive"), display }),
      z.strictObject({ type: z.literal("between_tools") }),
      z.strictObject({ type: z.literal("disabled") }),
    ])
    .optional(),
  tool_choice: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("auto"), disable_parallel_tool_use: disableParallel }),
      z.strictObject({ type: z.literal("any"), disable_parallel_tool_use: disableParallel }),
      z.strictObject({ type: z.literal("tool"), name: toolName, disable_parallel_tool_use: disableParallel }),
      z.strictObject({ type: z.literal("none") }),
    ])
    .optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal("custom").nullish(),
        name: toolName,
        description: z.string().optional(),
        input_schema: z.looseObject({ type: z.literal("object") }),
        strict: z.boolean().optional(),
        eager_input_streaming: z.boolean().nullish(),
        input_examples: z.array(z.record(z.string(), z.unknown())).optional(),
        cache_control: cacheControl,
      }),
    )
    .optional(),
  top_k: z.int().min(0).optional(),
  top_p: z.number().min(0).max(1).optional(),
});

export type MessagesRequest = z.infer<typeof messagesRequest>;
export type MessagesMessage = MessagesRequest["messages"][number];
export type MessagesBlock = Exclude<MessagesMessage["content"], string>[number];
