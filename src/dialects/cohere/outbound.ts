import type { ProviderCall, TargetModel } from "../../contracts/dialect.ts";
import type { ChatRequest, Reasoning, ReasoningEffort, Tool } from "../../contracts/ir.ts";
import { extraFields, type JsonObject } from "../checks.ts";
import { opaqueFields, refuseUntranslatable, refuseVerbosity, unsupportedField } from "../foreign.ts";
import { buildMessages } from "./outbound-messages.ts";

/**
 * The IR to `POST /chat` of the v2 API (base URL `https://api.cohere.com/v2`).
 *
 * What Cohere can't do, and what becomes of it:
 * - `n` above 1, `top_logprobs` above 0, `parallel_tool_calls: false`, penalties outside 0 to 1, audio, files, service tiers other
 *   than `auto` and `default`, other providers' own tools and blocks: refused.
 * - A tool forced by its name: that tool alone, and `REQUIRED`.
 * - `top_p` is held between 0.01 and 0.99, which is all that Cohere takes.
 * - `strict` holds for all tools or none: it is asked for where all are strict.
 * - `reasoning_effort`: a budget for thinking; from `high` on none. `none` turns thinking off.
 * - `user`, `metadata`, cache markers, a schema's name and description: dropped, they don't change what the model is asked.
 */

/** Efforts up to `medium` as tokens; more is left to the model. */
const THINKING_BUDGETS: Partial<Record<ReasoningEffort, number>> = { minimal: 512, low: 1024, medium: 8192 };

/** Throws GatewayError `unsupported_field`. */
export function buildChatCall(request: ChatRequest, target: TargetModel): ProviderCall {
  refuseUnsupported(request);
  const body: JsonObject = { model: target.model, messages: buildMessages(request.messages) };
  if (request.stream) body.stream = true;
  setTools(body, request);
  setSampling(body, request);
  const format = request.responseFormat;
  if (format !== undefined && format.type !== "text") {
    const schema = format.type === "json_schema" ? { json_schema: format.schema } : {};
    body.response_format = { type: "json_object", ...schema };
  }
  const thinking = buildThinking(request.reasoning);
  if (thinking !== undefined) body.thinking = thinking;
  return {
    path: "/chat",
    query: "",
    headers: {
      "content-type": "application/json",
      accept: request.stream ? "text/event-stream" : "application/json",
    },
    body: JSON.stringify({ ...body, ...extraFields(request.extra, "cohere") }),
  };
}

function refuseUnsupported(request: ChatRequest): void {
  refuseUntranslatable(request.untranslatable, "cohere");
  refuseVerbosity(request, "Cohere");
  const { n, topLogprobs, tools, toolChoice, parallelToolCalls, serviceTier } = request;
  if (n !== undefined && n > 1) throw unsupportedField("n", `is ${n}, but Cohere gives one answer per request`);
  if (topLogprobs !== undefined && topLogprobs > 0) {
    throw unsupportedField("top_logprobs", `is ${topLogprobs}, but Cohere tells of the chosen tokens alone`);
  }
  const mayCall = tools !== undefined && tools.length > 0 && toolChoice?.type !== "none";
  if (parallelToolCalls === false && mayCall) {
    throw unsupportedField("parallel_tool_calls", "is false, but Cohere may always call several tools at once");
  }
  for (const [field, value] of [
    ["frequency_penalty", request.frequencyPenalty],
    ["presence_penalty", request.presencePenalty],
  ] as const) {
    if (value !== undefined && (value < 0 || value > 1)) {
      throw unsupportedField(field, `is ${value}, but Cohere takes 0 to 1`);
    }
  }
  if (serviceTier !== undefined && serviceTier !== "auto" && serviceTier !== "default") {
    throw unsupportedField("service_tier", `is ${JSON.stringify(serviceTier)}, which Cohere does not know`);
  }
}

function setTools(body: JsonObject, { tools = [], toolChoice }: ChatRequest): void {
  const forced = toolChoice?.type === "tool" ? toolChoice.name : null;
  const offered = forced === null ? tools : tools.filter(({ name }) => name === forced);
  if (offered.length > 0) {
    body.tools = offered.map(buildTool);
    if (offered.every(({ strict }) => strict === true)) body.strict_tools = true;
  }
  if (toolChoice?.type === "required" || forced !== null) body.tool_choice = "REQUIRED";
  else if (toolChoice?.type === "none") body.tool_choice = "NONE";
}

function buildTool(tool: Tool): JsonObject {
  const opaque = opaqueFields(tool.extra, "cohere");
  if (opaque !== undefined) return opaque;
  return {
    type: "function",
    function: {
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description }),
      parameters: tool.parameters ?? { type: "object", properties: {} },
    },
  };
}

function setSampling(body: JsonObject, request: ChatRequest): void {
  const { topP } = request;
  const fields: JsonObject = {
    max_tokens: request.maxOutputTokens,
    stop_sequences: request.stop,
    temperature: request.temperature,
    p: topP === undefined ? undefined : Math.min(0.99, Math.max(0.01, topP)),
    // -1 turns it off elsewhere, as 0 does here.
    k: request.topK === undefined ? undefined : Math.max(0, request.topK),
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    seed: request.seed,
    logprobs: request.logprobs,
  };
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) body[key] = value;
}

function buildThinking(reasoning: Reasoning | undefined): JsonObject | undefined {
  if (reasoning === undefined) return undefined;
  const { effort, budgetTokens } = reasoning;
  if (effort === "none") return { type: "disabled" };
  const budget = budgetTokens ?? (effort === undefined ? undefined : THINKING_BUDGETS[effort]);
  if (budget !== undefined) return { type: "enabled", token_budget: budget };
  return effort === undefined ? undefined : { type: "enabled" };
}
