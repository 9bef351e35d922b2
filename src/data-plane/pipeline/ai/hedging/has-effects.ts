type JsonObject = Record<string, unknown>;

/** Tools of Anthropic that have a type of their own and that the caller runs all the same. */
const RUN_BY_CALLER = /^(?:bash|text_editor|computer|memory)_\d+$/;
const OWN_TOOL_TYPES = new Set<unknown>([undefined, "function", "custom"]);

/**
 * Whether a request does something besides asking for an answer, so that it must not be sent twice: tools that the provider
 * itself runs, answers that it keeps, conversations that it goes on with, work in the background.
 */
export function hasEffects(body: Readonly<JsonObject>): boolean {
  if (body.background === true || body.store === true) return true;
  if (isThere(body.conversation) || isThere(body.mcp_servers) || isThere(body.container)) return true;
  return toolsOf(body).some(isRunByProvider);
}

function toolsOf({ tools, toolConfig }: Readonly<JsonObject>): unknown[] {
  const ofBedrock =
    typeof toolConfig === "object" && toolConfig !== null ? (toolConfig as JsonObject).tools : undefined;
  return [tools, ofBedrock].flatMap((list) => (Array.isArray(list) ? list : []));
}

function isRunByProvider(tool: unknown): boolean {
  if (typeof tool !== "object" || tool === null) return false;
  const { type, ...fields } = tool as JsonObject;
  if (!OWN_TOOL_TYPES.has(type)) return !RUN_BY_CALLER.test(String(type));
  if (type !== undefined || fields.name !== undefined) return false;
  // Gemini and Bedrock name the kind of a tool by its field.
  return Object.keys(fields).some((kind) => !CALLER_KINDS.has(kind));
}

const CALLER_KINDS = new Set(["functionDeclarations", "function_declarations", "toolSpec", "cachePoint", "function"]);

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}
