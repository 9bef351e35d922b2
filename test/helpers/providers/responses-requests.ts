import { z } from "zod";

/** The body of `POST /responses`; fields as in the types of the `openai` package, version 6.49. Unknown ones are refused. */

const cacheBreakpoint = z.strictObject({ mode: z.literal("explicit") }).optional();
const inputText = z.strictObject({
  type: z.literal("input_text"),
  text: z.string(),
  prompt_cache_breakpoint: cacheBreakpoint,
});
const inputImage = z.strictObject({
  type: z.literal("input_image"),
  detail: z.enum(["auto", "low", "high", "original"]).nullish(),
  file_id: z.string().nullish(),
  image_url: z
    .string()
    .regex(/^(?:https?:\/\/|data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*$)/)
    .nullish(),
  prompt_cache_breakpoint: cacheBreakpoint,
});
const inputFile = z.strictObject({
  type: z.literal("input_file"),
  detail: z.enum(["auto", "low", "high"]).optional(),
  file_data: z
    .string()
    .regex(/^data:[\w.+-]+\/[\w.+-]+;base64,[A-Za-z0-9+/]+=*$/)
    .nullish(),
  file_id: z.string().nullish(),
  file_url: z.url().nullish(),
  filename: z.string().nullish(),
  prompt_cache_breakpoint: cacheBreakpoint,
});
const inputPart = z.discriminatedUnion("type", [inputText, inputImage, inputFile]);
const outputText = z.strictObject({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(z.unknown()).optional(),
  logprobs: z.array(z.unknown()).optional(),
});
const refusal = z.strictObject({ type: z.literal("refusal"), refusal: z.string() });

const status = z.enum(["in_progress", "completed", "incomplete"]).nullish();

const userMessage = z.strictObject({
  type: z.literal("message").optional(),
  id: z.string().optional(),
  status,
  role: z.enum(["user", "system", "developer"]),
  content: z.union([z.string(), z.array(inputPart).min(1)]),
});
const assistantMessage = z.strictObject({
  type: z.literal("message").optional(),
  id: z.string().startsWith("msg_").optional(),
  status,
  role: z.literal("assistant"),
  phase: z.enum(["commentary", "final_answer"]).nullish(),
  content: z.union([z.string(), z.array(z.discriminatedUnion("type", [outputText, refusal]))]),
});
const functionCall = z.strictObject({
  type: z.literal("function_call"),
  id: z.string().startsWith("fc_").optional(),
  status,
  call_id: z.string().min(1).max(64),
  name: z.string().regex(/^[\w-]{1,128}$/),
  arguments: z.string(),
});
const functionCallOutput = z.strictObject({
  type: z.literal("function_call_output"),
  id: z.string().nullish(),
  status,
  call_id: z.string().min(1).max(64),
  output: z.union([z.string(), z.array(inputPart)]),
});
const reasoning = z.strictObject({
  type: z.literal("reasoning"),
  id: z.string().startsWith("rs_"),
  status,
  summary: z.array(z.strictObject({ type: z.literal("summary_text"), text: z.string() })),
  content: z.array(z.strictObject({ type: z.literal("reasoning_text"), text: z.string() })).optional(),
  encrypted_content: z.string().nullish(),
});
const webSearchCall = z.strictObject({
  type: z.literal("web_search_call"),
  id: z.string(),
  status: z.string(),
  action: z.unknown(),
});

const item = z.union([userMessage, assistantMessage, functionCall, functionCallOutput, reasoning, webSearchCall]);

const functionTool = z.strictObject({
  type: z.literal("function"),
  name: z.string().regex(/^[\w-]{1,128}$/),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullable(),
  strict: z.boolean().nullable(),
});
const webSearchTool = z.strictObject({ type: z.literal("web_search") });

const format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    name: z.string().regex(/^[\w-]{1,64}$/),
    description: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullish(),
  }),
]);

export const responsesRequest = z.strictObject({
  model: z.string(),
  input: z.union([z.string(), z.array(item)]).optional(),
  instructions: z.string().nullish(),
  include: z
    .array(
      z.enum([
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
        "message.input_image.image_url",
        "web_search_call.action.sources",
      ]),
    )
    .nullish(),
  max_output_tokens: z.int().min(16).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.enum(["in_memory", "24h"]).nullish(),
  reasoning: z
    .strictObject({
      effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish(),
      summary: z.enum(["auto", "concise", "detailed"]).nullish(),
    })
    .nullish(),
  safety_identifier: z.string().nullish(),
  service_tier: z.enum(["auto", "default", "flex", "scale", "priority"]).nullish(),
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().optional() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  text: z
    .strictObject({ format: format.optional(), verbosity: z.enum(["low", "medium", "high"]).nullish() })
    .optional(),
  tool_choice: z
    .union([z.enum(["none", "auto", "required"]), z.strictObject({ type: z.literal("function"), name: z.string() })])
    .optional(),
  tools: z.array(z.discriminatedUnion("type", [functionTool, webSearchTool])).optional(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  user: z.string().optional(),
});

export type ResponsesRequest = z.infer<typeof responsesRequest>;
export type ResponsesItem = z.infer<typeof item>;
