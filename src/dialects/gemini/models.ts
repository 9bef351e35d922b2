/** What the generations of Gemini models differ in; ai.google.dev, "Thinking" and "Thought signatures". */
export interface ModelAbilities {
  /** `thinkingLevel`, and function calls that are refused without a thought signature: Gemini 3 and later. */
  isGemini3: boolean;
}

/** A name without a version (`gemini-flash-latest`) is a current model. */
export function modelAbilities(model: string): ModelAbilities {
  const match = /gemini-(\d+)/.exec(model);
  return { isGemini3: model.includes("gemini") && (match === null || Number(match[1]) >= 3) };
}

/**
 * The resource path of a model, e.g. `/models/gemini-3-flash`. A name may carry its collection (`models/…`,
 * `tunedModels/…`); everything else in it is escaped, so that a name can't change the path.
 */
export function modelPath(model: string): string {
  const match = /^(models|tunedModels)\/(.+)$/.exec(model);
  const [collection, name] = match === null ? ["models", model] : [match[1], match[2] ?? ""];
  return `/${collection}/${encodeURIComponent(name)}`;
}
