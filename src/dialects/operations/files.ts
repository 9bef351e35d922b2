import type { ProviderEndpoint } from "../../contracts/provider-endpoints.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { countOf, stringOr } from "../json.ts";

/**
 * Descriptions of files, between the Files APIs of OpenAI and of Anthropic (fields as in the types of `openai` 6.49 and
 * `@anthropic-ai/sdk` 1.12). What the other API does not tell is left out, or is what the field demands: `purpose` is
 * `user_data`, of what a tool has made `assistants_output`; `mime_type` is `application/octet-stream`.
 */

export type FilesForm = "openai" | "anthropic";

/** Of what a provider keeps: batches and answers are OpenAI's alone. */
export function filesFormOf({ form }: Pick<ProviderEndpoint, "form">): FilesForm {
  return form === "anthropic" ? "anthropic" : "openai";
}

/** Headers without which a provider has no files. */
export const FILES_HEADERS: Record<FilesForm, Readonly<Record<string, string>>> = {
  openai: {},
  anthropic: { "anthropic-version": "2023-06-01", "anthropic-beta": "files-api-2025-04-14" },
};

/** The purpose of files from an API that asks for none. */
export const USUAL_PURPOSE = "user_data";

export function translateFile(file: Readonly<JsonObject>, from: FilesForm, to: FilesForm): JsonObject {
  if (from === to) return { ...file };
  return to === "openai" ? asOpenai(file) : asAnthropic(file);
}

function asOpenai({ id, type, filename, size_bytes: bytes, downloadable, ...times }: Readonly<JsonObject>): JsonObject {
  if (type === "file_deleted") return { id, object: "file", deleted: true };
  const expiresAt = secondsOf(times.expires_at);
  return {
    id,
    object: "file",
    bytes: countOf(bytes) ?? 0,
    created_at: secondsOf(times.created_at) ?? 0,
    ...(expiresAt === null ? {} : { expires_at: expiresAt }),
    filename: stringOr(filename, ""),
    purpose: downloadable === true ? "assistants_output" : USUAL_PURPOSE,
    status: "processed",
  };
}

function asAnthropic({ id, deleted, filename, bytes, ...times }: Readonly<JsonObject>): JsonObject {
  if (deleted === true) return { id, type: "file_deleted" };
  const expiresAt = countOf(times.expires_at);
  return {
    id,
    type: "file",
    filename: stringOr(filename, ""),
    mime_type: "application/octet-stream",
    size_bytes: countOf(bytes) ?? 0,
    created_at: timeOf(countOf(times.created_at) ?? 0),
    ...(expiresAt === undefined ? {} : { expires_at: timeOf(expiresAt) }),
  };
}

/** Of RFC 3339; null: it is none. */
function secondsOf(time: unknown): number | null {
  const ms = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** What the next page of a provider's list is asked for with; null: there is none. */
export function nextPage(page: Readonly<JsonObject>, form: FilesForm): readonly [name: string, value: string] | null {
  if (form === "anthropic" && typeof page.next_page === "string" && page.next_page !== "")
    return ["page", page.next_page];
  const last: unknown = Array.isArray(page.data) ? page.data.at(-1) : undefined;
  if (page.has_more !== true || !isObject(last) || typeof last.id !== "string") return null;
  return [form === "anthropic" ? "after_id" : "after", last.id];
}

/** A page as the caller's API has it. */
export function formatPage(data: readonly JsonObject[], hasMore: boolean, form: FilesForm): JsonObject {
  const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: hasMore };
  if (form === "openai") return { object: "list", data, ...ends };
  return { data, ...ends, next_page: hasMore ? ends.last_id : null };
}
