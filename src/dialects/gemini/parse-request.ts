import type { ChatRequest, ImagePart, Untranslatable } from "../../contracts/ir.ts";
import { type JsonObject, optionalObject, optionalOneOf, optionalString, takeUnknown, wrongType } from "../checks.ts";
import { camelFields, listOf } from "./names.ts";
import { parseConfig } from "./parse-config.ts";
import { parseContents } from "./parse-contents.ts";
import { detailOf } from "./parse-parts.ts";
import { parseTools } from "./parse-tools.ts";

/**
 * `POST /models/{model}:generateContent` to the IR. Model and way of answering stand in the path: who reads that sets
 * them (see address.ts).
 *
 * - Safety settings that switch Gemini's filters off are dropped for others, who have none; such as ask for a filter are
 *   refused.
 * - `mediaResolution` becomes the `detail` of images.
 * - `labels` are metadata. `store` says what Google may log, and means nothing to others.
 */

const KNOWN_FIELDS = new Set([
  ...["model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "labels", "serviceTier"],
]);

/** Fields unknown to the IR without which another provider would give a different answer. */
const UNTRANSLATABLE_FIELDS = ["cachedContent", "continuationToken"];

/** Thresholds that ask for no filter. */
const NO_FILTER = new Set(["BLOCK_NONE", "OFF", "HARM_BLOCK_THRESHOLD_UNSPECIFIED"]);

const SERVICE_TIERS = ["unspecified", "standard", "flex", "priority"] as const;

/** Throws GatewayError `invalid_request` naming the field. */
export function parseChatRequest(value: unknown): ChatRequest {
  const body = camelFields(value, "");
  const untranslatable: Untranslatable[] = [];
  const kept: JsonObject = takeUnknown(body, KNOWN_FIELDS) ?? {};
  const request: ChatRequest = {
    model: "",
    messages: parseContents(body, untranslatable),
    ...parseTools(body, untranslatable),
    ...parseConfig(body, kept, untranslatable),
    stream: false,
    includeUsage: true,
  };
  setDetail(request, kept);
  const metadata = parseLabels(body);
  if (metadata !== undefined) request.metadata = metadata;
  const tier = optionalOneOf(body, "serviceTier", "", SERVICE_TIERS);
  if (tier !== undefined && tier !== "unspecified") request.serviceTier = tier === "standard" ? "default" : tier;
  noteUntranslatable(body, untranslatable);
  if (untranslatable.length > 0) request.untranslatable = untranslatable;
  // Whose labels they are: not every provider of another dialect takes them.
  if (Object.keys(kept).length > 0 || metadata !== undefined) request.extra = { dialect: "gemini", fields: kept };
  return request;
}

/** Where an image does not say for itself how closely it is to be looked at. */
function setDetail(request: ChatRequest, { generationConfig }: JsonObject): void {
  const detail = detailOf((generationConfig ?? {}) as JsonObject);
  if (detail.detail === undefined) return;
  for (const message of request.messages) {
    for (const part of message.content) if (part.type === "image") setMissing(part, detail.detail);
  }
}

function setMissing(part: ImagePart, detail: NonNullable<ImagePart["detail"]>): void {
  part.detail ??= detail;
}

function parseLabels(body: JsonObject): Record<string, string> | undefined {
  const labels = optionalObject(body, "labels", "");
  if (labels === undefined) return undefined;
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) {
    if (key === "__proto__") continue;
    if (typeof value !== "string") throw wrongType(`labels.${key}`, "a string", value);
    metadata[key] = value;
  }
  return metadata;
}

function noteUntranslatable(body: JsonObject, untranslatable: Untranslatable[]): void {
  for (const param of UNTRANSLATABLE_FIELDS) {
    if (body[param] !== undefined && body[param] !== null) untranslatable.push({ dialect: "gemini", param });
  }
  for (const [index, value] of (listOf(body, "safetySettings") ?? []).entries()) {
    const path = `safetySettings[${index}]`;
    const threshold = optionalString(camelFields(value, path), "threshold", path);
    if (threshold !== undefined && !NO_FILTER.has(threshold)) untranslatable.push({ dialect: "gemini", param: path });
  }
}
