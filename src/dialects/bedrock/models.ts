import { modelAbilities } from "../anthropic/models.ts";

/** How a model takes what Converse itself has no word for, in `additionalModelRequestFields`. */
export type ModelFamily = "claude" | "nova" | "gpt-oss" | "mistral" | "other";

/** By the name; the ARN of an application's own inference profile does not tell, and is `other`. */
export function familyOf(model: string): ModelFamily {
  if (model.includes("claude")) return "claude";
  if (model.includes("amazon.nova")) return "nova";
  if (model.includes("gpt-oss")) return "gpt-oss";
  return model.includes("mistral.") ? "mistral" : "other";
}

/** Nova thinks from its second generation on. */
export function isThinkingNova(model: string): boolean {
  return /amazon\.nova-(?:[2-9]|\d\d)/.test(model);
}

export const claudeAbilities = modelAbilities;

/**
 * The resource path of a model. Names hold colons (`…-v1:0`) and, as ARNs, slashes: all is encoded, as AWS's own clients do,
 * so that a name can't change the path.
 */
export function modelPath(model: string): string {
  const name = encodeURIComponent(model).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `/model/${name}`;
}
