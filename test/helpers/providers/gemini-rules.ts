import type { GeminiContent, GenerateRequest } from "./gemini-requests.ts";
import { Refusal } from "./http-provider.ts";

/** What Gemini refuses although every field is well-formed. */

const STATUS_NAMES: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
};

export function refuse(code: number, message: string, details?: readonly object[]): Refusal {
  const status = STATUS_NAMES[code] ?? "UNKNOWN";
  return new Refusal(code, { error: { code, message, status, ...(details === undefined ? {} : { details }) } });
}

/** Names the field both in the text and in the details, as Google's JSON parser does. */
export function refuseField(field: string, description: string): Refusal {
  return refuse(400, description, [
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field, description }] },
  ]);
}

export function isGemini3(model: string): boolean {
  return model.startsWith("gemini-3");
}

export function checkGenerate(request: GenerateRequest, model: string): void {
  const turns = turnsOf(request.contents);
  checkTurns(turns);
  if (isGemini3(model)) checkSignatures(turns);
  else if (turns.some(({ parts }) => parts.some((part) => part.functionResponse?.parts !== undefined))) {
    throw refuse(400, "Multimodal function responses are not supported for this model.");
  }
  const config = request.generationConfig;
  const thinking = config?.thinkingConfig;
  if (thinking?.thinkingLevel !== undefined && !isGemini3(model)) {
    throw refuse(400, "Thinking level is not supported for this model.");
  }
  if (thinking?.thinkingLevel !== undefined && thinking.thinkingBudget !== undefined) {
    throw refuse(400, "You can only set one of thinking budget and thinking level.");
  }
  const hasSchema = config?.responseJsonSchema !== undefined || config?.responseSchema !== undefined;
  if (hasSchema && config?.responseMimeType !== "application/json") {
    throw refuse(400, "Schema may only be set when the response mime type is application/json.");
  }
  const calling = request.toolConfig?.functionCallingConfig;
  if (calling?.allowedFunctionNames !== undefined && calling.mode !== "ANY" && calling.mode !== "VALIDATED") {
    throw refuse(400, "Allowed function names should be set only when function calling mode is ANY.");
  }
  for (const declaration of (request.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? [])) {
    if (declaration.parameters !== undefined && declaration.parametersJsonSchema !== undefined) {
      throw refuse(400, "Only one of parameters and parameters_json_schema may be set.");
    }
  }
}

/** Contents of one role in a row are one turn. */
function turnsOf(contents: readonly GeminiContent[]): GeminiContent[] {
  const turns: GeminiContent[] = [];
  for (const { role = "user", parts } of contents) {
    const last = turns.at(-1);
    if (last?.role === role) turns.splice(-1, 1, { role, parts: [...last.parts, ...parts] });
    else turns.push({ role, parts });
  }
  return turns;
}

function checkTurns(contents: readonly GeminiContent[]): void {
  let calls: string[] = [];
  for (const [index, { role = "user", parts }] of contents.entries()) {
    const called = parts.flatMap((part) => (part.functionCall === undefined ? [] : [part.functionCall.name]));
    const answered = parts.flatMap((part) => (part.functionResponse === undefined ? [] : [part.functionResponse.name]));
    if (called.length > 0 && (role !== "model" || (contents[index - 1]?.role ?? "user") !== "user" || index === 0)) {
      throw refuse(
        400,
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
      );
    }
    if (answered.length > 0 && (role !== "user" || calls.length === 0)) {
      throw refuse(400, "Please ensure that function response turn comes immediately after a function call turn.");
    }
    if (answered.length !== calls.length || answered.some((name) => !calls.includes(name))) {
      throw refuse(
        400,
        "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
      );
    }
    calls = called;
  }
  if ((contents.at(-1)?.role ?? "user") !== "user")
    throw refuse(400, "Please ensure that the request ends with a user role.");
}

/** The first call of each step since the last words of the user must bring back its signature. */
function checkSignatures(contents: readonly GeminiContent[]): void {
  const lastWords = contents.findLastIndex(
    ({ role, parts }) => role !== "model" && parts.some((part) => part.functionResponse === undefined),
  );
  for (const { parts } of contents.slice(lastWords + 1)) {
    const first = parts.find((part) => part.functionCall !== undefined);
    if (first === undefined || first.thoughtSignature !== undefined) continue;
    throw refuse(
      400,
      `Function call is missing a thought_signature in functionCall parts. Additional data, function call \`${first.functionCall?.name}\`.`,
    );
  }
}
