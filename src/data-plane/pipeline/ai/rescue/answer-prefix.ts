import type { DialectName } from "../../../../contracts/ir.ts";
import type { PrefillSnapshot } from "../../../../contracts/snapshot.ts";
import type { InboundName } from "../../../../dialects/index.ts";

type JsonObject = Record<string, unknown>;

/** The beginning of an answer, for a model that is to go on from there. */
export interface AnswerPrefix {
  text: string;
  prefill: PrefillSnapshot;
}

/** Where each dialect has its messages, and how it writes one of the assistant. */
const TURNS: Record<InboundName, { field: string; turn(text: string): JsonObject }> = {
  openai: { field: "messages", turn: (content) => ({ role: "assistant", content }) },
  "openai-responses": {
    field: "input",
    turn: (text) => ({ type: "message", role: "assistant", content: [{ type: "output_text", text, annotations: [] }] }),
  },
  anthropic: { field: "messages", turn: (content) => ({ role: "assistant", content }) },
  gemini: { field: "contents", turn: (text) => ({ role: "model", parts: [{ text }] }) },
  cohere: { field: "messages", turn: (content) => ({ role: "assistant", content }) },
  bedrock: { field: "messages", turn: (text) => ({ role: "assistant", content: [{ text }] }) },
};

/**
 * A caller's request that ends with the beginning of the answer. Blanks at its end are refused by some. Null: it ends with a
 * beginning of the caller's own, and two turns of one side are refused by some as well.
 */
export function withPrefix(
  body: Readonly<JsonObject>,
  inbound: InboundName,
  { text }: AnswerPrefix,
): JsonObject | null {
  const { field, turn } = TURNS[inbound];
  const given = body[field];
  const turns: unknown[] = Array.isArray(given)
    ? given
    : typeof given === "string"
      ? [{ role: "user", content: given }]
      : [];
  const last = turns.at(-1);
  if (typeof last === "object" && last !== null && isOfModel(last as JsonObject)) return null;
  return { ...body, [field]: [...turns, turn(text.trimEnd())] };
}

function isOfModel({ role }: JsonObject): boolean {
  return role === "assistant" || role === "model";
}

/** The provider's request with what tells the provider that the last message is a beginning. */
export function markPrefix(body: Buffer, outbound: DialectName, { prefill }: AnswerPrefix): Buffer {
  const { messageFields, requestFields } = prefill;
  if (messageFields === undefined && requestFields === undefined) return body;
  const request = { ...(JSON.parse(body.toString()) as JsonObject), ...requestFields };
  const { field } = TURNS[outbound];
  const messages = request[field];
  if (Array.isArray(messages)) {
    request[field] = messages.map((message, index) =>
      index === messages.length - 1 ? { ...(message as JsonObject), ...messageFields } : message,
    );
  }
  return Buffer.from(JSON.stringify(request));
}
