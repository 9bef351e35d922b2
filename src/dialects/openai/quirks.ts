import { createHash } from "node:crypto";
import type { ProviderQuirks } from "../../contracts/provider-quirks.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { unsupportedField } from "../foreign.ts";
import { arrayOr } from "../json.ts";

/**
 * A request of this dialect as a provider with these quirks takes it. Throws GatewayError `unsupported_field` for what it
 * can't do. Fields that say nothing (null, an empty list, or what holds without them) are left out.
 */
export function adaptRequest(body: Readonly<JsonObject>, quirks: ProviderQuirks): JsonObject {
  const adapted: JsonObject = { ...body };
  for (const [field, value] of Object.entries(quirks.impliedValues ?? {})) {
    if (adapted[field] === value) delete adapted[field];
  }
  for (const field of quirks.unsupportedFields ?? []) {
    if (!saysNothing(adapted[field])) throw unsupportedField(field, "is not supported by this model's provider");
    delete adapted[field];
  }
  for (const field of quirks.droppedFields ?? []) delete adapted[field];
  for (const [field, name] of Object.entries(quirks.renamedFields ?? {})) {
    const value = adapted[field];
    delete adapted[field];
    if (!saysNothing(value) && saysNothing(adapted[name])) adapted[name] = value;
  }
  if (quirks.streamOptions === false) delete adapted.stream_options;
  if (quirks.developerRole === false) adapted.messages = withoutDevelopers(adapted.messages);
  if (quirks.toolCallIdLength !== undefined) {
    adapted.messages = withCallIds(adapted.messages, quirks.toolCallIdLength);
  }
  return adapted;
}

/** Fields at the top of a request by which it may have to be adapted. */
export function quirkyFields(quirks: ProviderQuirks): string[] {
  return [
    ...Object.keys(quirks.impliedValues ?? {}),
    ...(quirks.unsupportedFields ?? []),
    ...(quirks.droppedFields ?? []),
    ...Object.keys(quirks.renamedFields ?? {}),
    ...(quirks.streamOptions === false ? ["stream_options"] : []),
  ];
}

function saysNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function withoutDevelopers(messages: unknown): unknown {
  if (!Array.isArray(messages)) return messages;
  return arrayOr(messages).map((message) =>
    isObject(message) && message.role === "developer" ? { ...message, role: "system" } : message,
  );
}

/** Calls and their results alike, so that they still belong together. */
function withCallIds(messages: unknown, length: number): unknown {
  if (!Array.isArray(messages)) return messages;
  return messages.map((message: unknown) => {
    if (!isObject(message)) return message;
    if (typeof message.tool_call_id === "string") {
      return { ...message, tool_call_id: callId(message.tool_call_id, length) };
    }
    if (!Array.isArray(message.tool_calls)) return message;
    const calls = message.tool_calls.map((call: unknown) =>
      isObject(call) && typeof call.id === "string" ? { ...call, id: callId(call.id, length) } : call,
    );
    return { ...message, tool_calls: calls };
  });
}

/** The id itself, where it will do; else a digest of it, the same each time. */
function callId(id: string, length: number): string {
  if (id.length === length && /^[A-Za-z0-9]+$/.test(id)) return id;
  return createHash("sha256").update(id).digest("hex").slice(0, length);
}
