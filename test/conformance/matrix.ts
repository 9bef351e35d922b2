import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type {
  ChatRequest,
  MediaSource,
  Message,
  Part,
  Tool,
  ToolChoice,
  ToolResultPart,
} from "../../src/contracts/ir.ts";

/** What becomes of what callers can say, at providers of each dialect: printed into src/docs/dialects.md from the golden cases. */

const DOCUMENT = fileURLToPath(new URL("../../src/docs/dialects.md", import.meta.url));
const BEGIN = "<!-- matrix:begin -->";
const END = "<!-- matrix:end -->";

/**
 * What can be said, and a request that says that alone, made from one that says more; null: it is not in it. What a provider
 * refuses is this, then, and nothing beside it.
 */
const FEATURES: readonly (readonly [name: string, pick: (request: ChatRequest) => Picked | null])[] = [
  ["text", () => ({})],
  ["system or developer messages", messagesWhere(({ role }) => isInstruction(role), "before")],
  ["instructions between other messages", lateInstruction],
  ["images by URL", part((one) => one.type === "image" && one.source.kind === "url")],
  ["images as data", part((one) => one.type === "image" && one.source.kind === "data")],
  ["audio", part(({ type }) => type === "audio")],
  ["files (PDF) by URL", part((one) => one.type === "file" && one.source.kind === "url")],
  ["files (PDF) as data", part((one) => one.type === "file" && one.source.kind === "data" && isPdf(one.source))],
  ["files that the provider holds", part((one) => one.type === "file" && one.source.kind === "file_id")],
  ["tools", ({ tools }) => (plain(tools).length > 0 ? { tools: plain(tools) } : null)],
  ["strict tools", strictTools],
  ["tool choice: none", choice("none")],
  ["tool choice: any", choice("required")],
  ["tool choice: one tool", choice("tool")],
  ["no parallel tool calls", noParallelCalls],
  ["tool calls and their results", toolTurns(() => true)],
  ["tool results that are errors", toolTurns(({ isError }) => isError === true)],
  ["tool results with images", toolTurns(({ content }) => content.some(({ type }) => type === "image"))],
  ["JSON answers", (one) => (one.responseFormat?.type === "json_object" ? fields(one, "responseFormat") : null)],
  ["JSON Schema answers", (one) => (one.responseFormat?.type === "json_schema" ? fields(one, "responseFormat") : null)],
  ["reasoning by effort", (one) => (one.reasoning?.effort === undefined ? null : fields(one, "reasoning"))],
  ["reasoning by budget", (one) => (one.reasoning?.budgetTokens === undefined ? null : fields(one, "reasoning"))],
  ["thinking, back in", messagesWhere(({ content }) => content.some(isSignedThinking), "after")],
  ["prompt-cache markers", part((one) => one.type === "text" && one.cache !== undefined)],
  ["limit of output tokens", (one) => fields(one, "maxOutputTokens")],
  ["temperature", (one) => fields(one, "temperature")],
  ["top_p", (one) => fields(one, "topP")],
  ["top_k", (one) => fields(one, "topK")],
  ["frequency penalty", (one) => fields(one, "frequencyPenalty")],
  ["presence penalty", (one) => fields(one, "presencePenalty")],
  ["seed", (one) => fields(one, "seed")],
  ["stop sequences", (one) => fields(one, "stop")],
  ["several choices", ({ n }) => (n !== undefined && n > 1 ? { n } : null)],
  ["logprobs", ({ logprobs }) => (logprobs === true ? { logprobs } : null)],
  ["verbosity", ({ verbosity }) => (verbosity === undefined || verbosity === "medium" ? null : { verbosity })],
  ["user", (one) => fields(one, "user")],
  ["metadata", (one) => fields(one, "metadata")],
  ["tools and fields of the caller's API alone", (one) => fields(one, "untranslatable")],
];

type Picked = Partial<ChatRequest>;

const HELLO: Message = { role: "user", content: [{ type: "text", text: "Hello" }] };

/** The refused field in the caller's words, or null; and the hints that were left out, by Chat Completions names. */
export type Translate = (
  request: ChatRequest,
  provider: string,
) => { refused: string | null; dropped: readonly string[] };

/** Rows that are about a hint. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ["tool results that are errors", "is_error"],
  ["prompt-cache markers", "cache_control"],
  ["strict tools", "strict"],
  ["seed", "seed"],
  ["user", "user"],
  ["metadata", "metadata"],
  ["reasoning by budget", "reasoning.max_tokens"],
]);

/** `requests`: golden ones, by the caller's dialect. Compares with the document; with UPDATE_GOLDEN=1 writes it there. */
export function expectMatrix(
  requests: ReadonlyMap<string, readonly ChatRequest[]>,
  providers: readonly string[],
  translate: (caller: string) => Translate,
): void {
  const tables = [...requests].map(([caller, ones]) => {
    return `### Callers of \`${caller}\`\n\n${table(caller, ones, providers, translate(caller))}`;
  });
  const text = readFileSync(DOCUMENT, "utf8");
  const [before, rest] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))];
  const expected = `${before}${BEGIN}\n\n${tables.join("\n\n")}\n\n${rest}`;
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(DOCUMENT, expected);
  else expect(text).toBe(expected);
}

function table(
  caller: string,
  requests: readonly ChatRequest[],
  providers: readonly string[],
  translate: Translate,
): string {
  const others = providers.filter((provider) => provider !== caller);
  const rows = FEATURES.flatMap(([name, pick]) => {
    const picked = requests.map(pick).filter((one) => one !== null);
    if (picked.length === 0) return [];
    const saying = picked.map((one) => ({ ...EMPTY, ...one }));
    return [
      `| ${name} | ${others.map((provider) => cell(name, saying, (request) => translate(request, provider))).join(" | ")} |`,
    ];
  });
  const heads = others.map((provider) => `\`${provider}\``).join(" | ");
  return [`| | ${heads} |`, `|---|${"---|".repeat(others.length)}`, ...rows].join("\n");
}

const EMPTY: ChatRequest = { model: "model", messages: [HELLO], stream: false, includeUsage: true };

/** `✓`: all are translated. `(✓)`: some. `dropped`: taken, and the caller is told. Otherwise the field that is refused. */
function cell(
  name: string,
  requests: readonly ChatRequest[],
  translate: (request: ChatRequest) => ReturnType<Translate>,
): string {
  const outcomes = requests.map(translate);
  const refused = outcomes.flatMap(({ refused: param }) => param ?? []);
  const isDropped = outcomes.every(({ dropped }) => dropped.includes(HINTS.get(name) ?? ""));
  if (refused.length === 0) return isDropped ? "dropped" : "✓";
  return refused.length < requests.length ? `(✓) \`${refused[0]}\`` : `\`${refused[0]}\``;
}

function fields(request: ChatRequest, name: keyof ChatRequest): Picked | null {
  return request[name] === undefined ? null : { [name]: request[name] };
}

function part(is: (part: Part) => boolean): (request: ChatRequest) => Picked | null {
  return ({ messages }) => {
    const found = messages.flatMap(({ role, content }) => (role === "user" ? content.filter(is) : []))[0];
    return found === undefined ? null : { messages: [{ role: "user", content: [found] }] };
  };
}

/** Beside a message of the user: `before` it, or `after` it. */
function messagesWhere(is: (message: Message) => boolean, place: "before" | "after") {
  return ({ messages }: ChatRequest): Picked | null => {
    const found = messages.find(is);
    if (found === undefined) return null;
    const said = { ...found, content: found.content.filter(({ type }) => type !== "tool_call") };
    return { messages: place === "before" ? [said, HELLO] : [HELLO, said, HELLO] };
  };
}

function lateInstruction({ messages }: ChatRequest): Picked | null {
  const first = messages.findIndex(({ role }) => !isInstruction(role));
  const late = first < 0 ? undefined : messages.slice(first).find(({ role }) => isInstruction(role));
  return late === undefined ? null : { messages: [HELLO, late, HELLO] };
}

/** Not those that stand for what the IR has no word for. */
function plain(tools: readonly Tool[] | undefined): Tool[] {
  return (tools ?? [])
    .filter(({ parameters }) => parameters !== undefined)
    .map(({ name, parameters }) => ({ name, parameters }) as Tool);
}

function strictTools({ tools }: ChatRequest): Picked | null {
  const strict = (tools ?? []).filter((tool) => tool.strict === true);
  return strict.length === 0 ? null : { tools: strict };
}

function choice(type: ToolChoice["type"]): (request: ChatRequest) => Picked | null {
  return ({ tools, toolChoice }) => {
    const known = plain(tools);
    return toolChoice?.type !== type || known.length === 0 ? null : { tools: known, toolChoice };
  };
}

function noParallelCalls({ tools, parallelToolCalls }: ChatRequest): Picked | null {
  const known = plain(tools);
  return parallelToolCalls !== false || known.length === 0 ? null : { tools: known, parallelToolCalls };
}

/** A call and its result. */
function toolTurns(is: (result: ToolResultPart) => boolean): (request: ChatRequest) => Picked | null {
  return ({ messages }) => {
    const parts = messages.flatMap(({ content }) => content);
    for (const result of parts) {
      if (result.type !== "tool_result" || !is(result)) continue;
      const call = parts.find((one) => one.type === "tool_call" && one.id === result.toolCallId);
      if (call?.type !== "tool_call" || call.extra !== undefined) continue;
      const { id, name, arguments: given } = call;
      const turns: Message[] = [
        HELLO,
        { role: "assistant", content: [{ type: "tool_call", id, name, arguments: given }] },
        { role: "tool", content: [result] },
      ];
      return { messages: turns, tools: [{ name, parameters: { type: "object", properties: {} } }] };
    }
    return null;
  };
}

const isInstruction = (role: string) => role === "system" || role === "developer";

const isPdf = (source: MediaSource) => source.kind === "data" && source.mediaType === "application/pdf";

function isSignedThinking(one: Part): boolean {
  return one.type === "thinking" && (one.signature !== undefined || one.redacted !== undefined);
}
