import { sampleOf } from "../../../src/upstream/simulated/schema-sample.ts";

/** What the simulated model is asked, whatever the dialect. */
export interface Prompt {
  /** All texts the model reads, for the count of input tokens. */
  texts: readonly string[];
  /** The last user turn: its texts and what stands for its images. Empty when the turn brings tool results. */
  said: string;
  /** The results the last turn brings. */
  toolResults: readonly { name: string; text: string }[];
  tools: readonly { name: string; schema: unknown }[];
  /** `forced`: this tool and no other. */
  toolChoice: "auto" | "none" | { forced: string };
  parallelToolCalls: boolean;
  maxTokens: number;
  stop: readonly string[];
  /** undefined: plain text. */
  outputSchema: unknown;
  jsonObject: boolean;
  thinks: boolean;
  /** The beginning of the answer, which it is to go on from. */
  begun?: string;
}

/** What it answers: the same to the same prompt. */
export interface Answer {
  /** null: it did not think. */
  thinking: string | null;
  text: string;
  toolCalls: { name: string; arguments: Record<string, unknown> }[];
  finish: "stop" | "length" | "stop_sequence" | "tool_calls";
  stopSequence: string | null;
  usage: { input: number; cached: number; output: number; reasoning: number };
}

/** Words with the space before them. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
}

export function answerTo(prompt: Prompt): Answer {
  const input = prompt.texts.reduce((sum, text) => sum + tokensOf(text).length, 0);
  const thinking = prompt.thinks ? `They said: ${prompt.said || "nothing new"}` : null;
  const reasoning = thinking === null ? 0 : tokensOf(thinking).length;
  const usageOf = (visible: number) => ({
    input,
    cached: Math.floor(input / 2),
    output: visible + reasoning,
    reasoning,
  });
  const toolCalls = callTools(prompt);
  if (toolCalls.length > 0) {
    const words = toolCalls.reduce((sum, call) => sum + 1 + tokensOf(JSON.stringify(call.arguments)).length, 0);
    return { thinking, text: "", toolCalls, finish: "tool_calls", stopSequence: null, usage: usageOf(words) };
  }
  const composed = compose(prompt);
  const { begun = "" } = prompt;
  const whole = composed.startsWith(begun) ? composed.slice(begun.length) : composed;
  const stopSequence = prompt.stop.find((sequence) => whole.includes(sequence)) ?? null;
  const stopped = stopSequence === null ? whole : whole.slice(0, whole.indexOf(stopSequence));
  const words = tokensOf(stopped);
  const kept = words.slice(0, Math.max(0, prompt.maxTokens - reasoning));
  const cut = kept.length < words.length;
  return {
    thinking,
    text: kept.join(""),
    toolCalls: [],
    finish: cut ? "length" : stopSequence === null ? "stop" : "stop_sequence",
    stopSequence: cut ? null : stopSequence,
    usage: usageOf(kept.length),
  };
}

function compose(prompt: Prompt): string {
  const { said, toolResults } = prompt;
  const text =
    toolResults.length > 0 ? toolResults.map((result) => `${result.name} said ${result.text}`).join("; ") : said;
  if (prompt.outputSchema !== undefined) return JSON.stringify(sampleOf(prompt.outputSchema, text));
  return prompt.jsonObject ? JSON.stringify({ echo: text }) : text;
}

function callTools({ tools, toolChoice, toolResults, parallelToolCalls, said }: Prompt): Answer["toolCalls"] {
  if (toolResults.length > 0 || toolChoice === "none") return [];
  const wanted = toolChoice === "auto" ? tools : tools.filter((tool) => tool.name === toolChoice.forced);
  return (parallelToolCalls ? wanted : wanted.slice(0, 1)).map(({ name, schema }) => ({
    name,
    arguments: Object.fromEntries(Object.entries(sampleOf(schema, said) as object)),
  }));
}

/** Pieces of a text as a stream sends them: words of an answer, or seven characters of JSON at a time. */
export function jsonPieces(text: string): string[] {
  return text.match(/[\s\S]{1,7}/g) ?? [];
}

/** What stands for an image in the answer of the simulated model, so that a test can see that it arrived. */
export function describeImage(image: { url: string } | { mediaType: string; base64: string }): string {
  if ("url" in image) return `[image ${image.url}]`;
  return `[image ${image.mediaType} ${Buffer.from(image.base64, "base64").length} bytes]`;
}

/** A vector of the given length that depends on the text alone, of length 1. */
export function embed(text: string, dimensions: number): number[] {
  const raw = Array.from({ length: dimensions }, (_, index) => Math.sin((text.length + 1) * (index + 1)));
  const norm = Math.hypot(...raw);
  // Exactly representable in 32 bits, so that both encodings of a vector are equal.
  return raw.map((value) => Math.fround(value / norm));
}
