import { sampleOf } from "./schema-sample.ts";

/** What the model says to a request: text or tool calls, cut into the pieces in which a stream would send it. */
export interface EchoAnswer {
  pieces: string[];
  toolCalls: { id: string; name: string; arguments: string }[];
  finishReason: "stop" | "length" | "tool_calls";
  promptTokens: number;
  completionTokens: number;
}

interface WireMessage {
  role?: unknown;
  content?: unknown;
}

/** What is wrong with `messages`, as a provider would say it; null: nothing. */
export function messagesProblem(messages: unknown): string | null {
  if (!Array.isArray(messages) || messages.length === 0) return "`messages` must be a list of at least one message";
  for (const [index, message] of messages.entries()) {
    const { role, content } = (message ?? {}) as WireMessage;
    if (typeof role !== "string") return `\`messages[${index}].role\` must be a string`;
    const hasText = typeof content === "string" || Array.isArray(content);
    if (!hasText && !(role === "assistant" && content == null)) {
      return `\`messages[${index}].content\` must be a string or a list of parts`;
    }
  }
  return null;
}

/** The model's "tokens": words with the space before them. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
}

/** Deterministic: the same request gives the same answer. `body` is a Chat Completions request. */
export function echo(body: Record<string, unknown>): EchoAnswer {
  const messages = Array.isArray(body.messages) ? (body.messages as WireMessage[]) : [];
  const promptTokens = messages.reduce((sum, message) => sum + tokensOf(textOf(message.content)).length, 0);
  const last = messages.at(-1);
  const said = textOf(last?.content);

  const toolCalls = last?.role === "tool" ? [] : chooseTools(body, said);
  if (toolCalls.length > 0) {
    const completionTokens = toolCalls.reduce((sum, call) => sum + tokensOf(call.arguments).length + 1, 0);
    return { pieces: [], toolCalls, finishReason: "tool_calls", promptTokens, completionTokens };
  }
  const whole = cutAtStop(tokensOf(structured(body, said)), body.stop);
  const limit = numberOf(body.max_completion_tokens) ?? numberOf(body.max_tokens) ?? Number.POSITIVE_INFINITY;
  const pieces = whole.slice(0, limit);
  return {
    pieces,
    toolCalls,
    finishReason: pieces.length < whole.length ? "length" : "stop",
    promptTokens,
    completionTokens: pieces.length,
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: { type?: unknown; text?: unknown }) => (typeof part.text === "string" ? part.text : `[${part.type}]`))
    .join("");
}

/** Answers in the format asked for, so that clients that parse it have something to parse. */
function structured(body: Record<string, unknown>, said: string): string {
  const format = body.response_format as { type?: unknown; json_schema?: { schema?: unknown } } | undefined;
  if (format?.type === "json_schema") return JSON.stringify(sampleOf(format.json_schema?.schema, said));
  if (format?.type === "json_object") return JSON.stringify({ echo: said });
  return said;
}

function cutAtStop(tokens: string[], stop: unknown): string[] {
  const sequences = (Array.isArray(stop) ? stop : [stop]).filter((s): s is string => typeof s === "string" && s !== "");
  if (sequences.length === 0) return tokens;
  const text = tokens.join("");
  const ends = sequences.map((sequence) => text.indexOf(sequence)).filter((at) => at >= 0);
  return ends.length === 0 ? tokens : tokensOf(text.slice(0, Math.min(...ends)));
}

interface WireTool {
  type?: unknown;
  function?: { name?: unknown; parameters?: unknown };
}

/** The tool that `tool_choice` names; else every tool whose name the message mentions; else the first. */
function chooseTools(body: Record<string, unknown>, said: string): EchoAnswer["toolCalls"] {
  const tools = (Array.isArray(body.tools) ? (body.tools as WireTool[]) : []).filter(
    (tool) => typeof tool.function?.name === "string",
  );
  if (tools.length === 0 || body.tool_choice === "none") return [];
  const forced = (body.tool_choice as { function?: { name?: unknown } } | undefined)?.function?.name;
  let chosen = tools.filter((tool) => tool.function?.name === forced);
  if (chosen.length === 0) chosen = tools.filter((tool) => said.includes(tool.function?.name as string));
  if (chosen.length === 0 || body.parallel_tool_calls === false) chosen = [chosen[0] ?? (tools[0] as WireTool)];
  return chosen.map((tool, index) => ({
    id: `call_simulated_${index}`,
    name: tool.function?.name as string,
    arguments: JSON.stringify(sampleOf(tool.function?.parameters ?? { type: "object" }, said)),
  }));
}
