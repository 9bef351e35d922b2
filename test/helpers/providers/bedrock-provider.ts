import { bedrockFraming } from "../../../src/dialects/bedrock/framing.ts";
import {
  type ClaudeFields,
  type ConverseBlock,
  type ConverseRequest,
  claudeFields,
  converseRequest,
} from "./bedrock-requests.ts";
import { checkConverse, invalid, refuse, signatureOf } from "./bedrock-rules.ts";
import { type ProviderAnswer, type RecordedRequest, type SimulatedProvider, startProvider } from "./http-provider.ts";
import { complaintOf } from "./issues.ts";
import { type Answer, answerTo, describeImage, jsonPieces, type Prompt, tokensOf } from "./model.ts";

const MODELS = ["anthropic.claude-haiku-4-5-20251001-v1:0", "us.anthropic.claude-opus-4-8"];
const PATH = /^\/model\/([^/]+)\/(converse|converse-stream)$/;

/** Converse and ConverseStream, as bedrock-runtime answers; the models are Claude's. */
export function startBedrockProvider(key = "bedrock-api-key-1234567890"): Promise<SimulatedProvider> {
  return startProvider(
    {
      answer: (request) => answer(request, key),
      errorEvent: event("serviceUnavailableException", { message: "The model is overloaded. Try your request again." }),
      headers: { "x-amzn-requestid": "7d1c6f0e-1f5a-4c1e-9f53-2f6f9d1b0001" },
    },
    { versionPath: "", key },
  );
}

function answer(request: RecordedRequest, key: string): ProviderAnswer {
  const match = PATH.exec(request.path);
  if (match === null || request.method !== "POST") {
    throw refuse(404, "UnknownOperationException", `There is no ${request.path}`);
  }
  if (request.headers.authorization === undefined) {
    throw refuse(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  if (request.headers.authorization !== `Bearer ${key}`) {
    throw refuse(403, "UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  const [, encoded = "", method = ""] = match;
  const model = decodeURIComponent(encoded);
  // As AWS's own clients write it: a colon is encoded.
  if (encoded.includes(":")) throw invalid("The provided model identifier is invalid.");
  if (!MODELS.includes(model)) {
    const message = `Could not resolve the foundation model from the model identifier: ${model}`;
    throw refuse(404, "ResourceNotFoundException", message);
  }
  if (request.body === undefined) throw refuse(400, "SerializationException", "The body is not valid JSON");
  const body = parse(converseRequest, request.body);
  const fields = parse(claudeFields, body.additionalModelRequestFields ?? {});
  checkConverse(body, fields);
  const reply = answerTo(promptOf(body, fields));
  const blocks = contentOf(reply, fields);
  return method === "converse-stream"
    ? {
        status: 200,
        headers: { "content-type": "application/vnd.amazon.eventstream" },
        events: eventsOf(reply, blocks, modelFields(reply, body)),
      }
    : {
        status: 200,
        body: {
          metrics: { latencyMs: 12 },
          output: { message: { content: blocks, role: "assistant" } },
          stopReason: STOP_REASONS[reply.finish],
          usage: usageOf(reply),
          ...modelFields(reply, body),
        },
      };
}

function parse<Output>(
  schema: {
    safeParse(value: unknown): { success: true; data: Output } | { success: false; error: import("zod").ZodError };
  },
  body: unknown,
): Output {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { kind, path, message } = complaintOf(result.error);
  throw invalid(`${path.join(".")}: ${kind === "unknown" ? "Extra inputs are not permitted" : message}`);
}

function promptOf(request: ConverseRequest, fields: ClaudeFields): Prompt {
  const { messages, system = [], inferenceConfig = {}, toolConfig, outputConfig } = request;
  const blocks = messages.flatMap(({ content }) => content);
  const names = new Map(
    blocks.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [[toolUse.toolUseId, toolUse.name]])),
  );
  const last = messages.findLast(({ role }) => role === "user")?.content ?? [];
  const begun = messages.at(-1)?.role === "assistant" ? textOf(messages.at(-1)?.content ?? []) : "";
  const results = last.flatMap(({ toolResult }) =>
    toolResult === undefined
      ? []
      : [
          {
            name: names.get(toolResult.toolUseId) ?? "",
            text: toolResult.content.map(({ text }) => text ?? "").join(" "),
          },
        ],
  );
  const choice = fields.tool_choice;
  const forced = toolConfig?.toolChoice?.tool?.name ?? (choice?.type === "tool" ? choice.name : undefined);
  const schema = outputConfig?.textFormat?.structure.jsonSchema.schema;
  return {
    texts: [system.map(({ text }) => text ?? "").join(" "), ...messages.map(({ content }) => textOf(content))],
    said: results.length > 0 ? "" : textOf(last),
    toolResults: results,
    tools: (toolConfig?.tools ?? []).flatMap(({ toolSpec }) =>
      toolSpec === undefined ? [] : [{ name: toolSpec.name, schema: toolSpec.inputSchema.json }],
    ),
    toolChoice: forced !== undefined ? { forced } : choice?.type === "none" ? "none" : "auto",
    parallelToolCalls: choice?.disable_parallel_tool_use !== true,
    maxTokens: inferenceConfig.maxTokens ?? 4096,
    stop: inferenceConfig.stopSequences ?? [],
    outputSchema: schema === undefined ? undefined : JSON.parse(schema),
    jsonObject: false,
    thinks: fields.thinking !== undefined && fields.thinking.type !== "disabled",
    begun,
  };
}

function textOf(content: readonly ConverseBlock[]): string {
  return content
    .map(({ text, image }) => {
      if (image === undefined) return text ?? "";
      const { bytes, s3Location } = image.source;
      if (bytes !== undefined) return describeImage({ mediaType: `image/${image.format}`, base64: bytes });
      return describeImage({ url: s3Location?.uri ?? "" });
    })
    .filter((text) => text !== "")
    .join(" ");
}

type Block = { text: string } | { toolUse: ToolUse } | { reasoningContent: { reasoningText: ReasoningText } };
interface ToolUse {
  toolUseId: string;
  name: string;
  input: Record<string, unknown>;
}
interface ReasoningText {
  text: string;
  signature: string;
}

function contentOf(reply: Answer, { thinking }: ClaudeFields): Block[] {
  const blocks: Block[] = [];
  if (reply.thinking !== null) {
    const omitted = thinking !== undefined && "display" in thinking && thinking.display === "omitted";
    const text = omitted ? "" : reply.thinking;
    blocks.push({ reasoningContent: { reasoningText: { text, signature: signatureOf(text) } } });
  }
  if (reply.text !== "") blocks.push({ text: reply.text });
  for (const [index, call] of reply.toolCalls.entries()) {
    blocks.push({ toolUse: { toolUseId: `tooluse_${index}`, name: call.name, input: call.arguments } });
  }
  return blocks;
}

const STOP_REASONS = { stop: "end_turn", length: "max_tokens", stop_sequence: "stop_sequence", tool_calls: "tool_use" };

function usageOf({ usage }: Answer): object {
  return {
    inputTokens: usage.input - usage.cached,
    outputTokens: usage.output,
    totalTokens: usage.input + usage.output,
    cacheReadInputTokens: usage.cached,
    cacheWriteInputTokens: 0,
  };
}

/** What was asked for of the model's own answer. */
function modelFields(
  { stopSequence, usage }: Answer,
  { additionalModelResponseFieldPaths: paths = [] }: ConverseRequest,
): object {
  const fields = {
    ...(paths.includes("/stop_sequence") ? { stop_sequence: stopSequence } : {}),
    ...(paths.includes("/usage")
      ? { usage: { output_tokens: usage.output, output_tokens_details: { thinking_tokens: usage.reasoning } } }
      : {}),
  };
  return Object.keys(fields).length === 0 ? {} : { additionalModelResponseFields: fields };
}

function eventsOf(reply: Answer, blocks: readonly Block[], fields: object): Buffer[] {
  return [
    event("messageStart", { role: "assistant" }),
    ...blocks.flatMap(blockEvents),
    event("messageStop", { stopReason: STOP_REASONS[reply.finish], ...fields }),
    event("metadata", { usage: usageOf(reply), metrics: { latencyMs: 12 } }),
  ];
}

function blockEvents(block: Block, contentBlockIndex: number): Buffer[] {
  const stop = event("contentBlockStop", { contentBlockIndex });
  const delta = (value: object) => event("contentBlockDelta", { contentBlockIndex, delta: value });
  if ("text" in block) return [...tokensOf(block.text).map((text) => delta({ text })), stop];
  if ("toolUse" in block) {
    const { input, ...toolUse } = block.toolUse;
    const pieces = Object.keys(input).length === 0 ? [] : jsonPieces(JSON.stringify(input));
    return [
      event("contentBlockStart", { contentBlockIndex, start: { toolUse } }),
      ...pieces.map((piece) => delta({ toolUse: { input: piece } })),
      stop,
    ];
  }
  const { text, signature } = block.reasoningContent.reasoningText;
  return [
    ...tokensOf(text).map((piece) => delta({ reasoningContent: { text: piece } })),
    delta({ reasoningContent: { signature } }),
    stop,
  ];
}

/** With padding, as Bedrock sends it against guesses by length. */
function event(name: string, data: object): Buffer {
  return bedrockFraming.format(name, JSON.stringify({ ...data, p: "abcdefghijklmn" }));
}
