import type { DialectName, Extra } from "../contracts/ir.ts";

/**
 * Fields that OpenAI's two APIs, Chat Completions and Responses, have in common under the same name and with the same
 * meaning, and that no other provider knows: the IR has no word for them, they stay in `extra`.
 */
const SHARED_FIELDS = ["prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"] as const;

/** Whether a field goes on from one of the two APIs to the other. */
export function isShared(caller: DialectName, field: string): boolean {
  const isOpenai = caller === "openai" || caller === "openai-responses";
  return isOpenai && (SHARED_FIELDS as readonly string[]).includes(field);
}

/** Those of a request that came in the other of the two APIs. */
export function sharedFields(extra: Extra | undefined, other: "openai" | "openai-responses"): Record<string, unknown> {
  const shared: Record<string, unknown> = {};
  if (extra === undefined || extra.dialect !== other) return shared;
  for (const field of SHARED_FIELDS) {
    const value = extra.fields[field];
    if (value !== undefined && value !== null) shared[field] = value;
  }
  return shared;
}
