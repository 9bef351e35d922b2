/**
 * What a Claude model accepts, by the version in its name, as far as a translated request must know it. Only models that
 * came before a feature are told apart: that list is closed, while names of later models are not known yet.
 * Sources: platform.claude.com, "Mid-conversation system messages", "Thinking" and "Effort".
 */
export interface ModelAbilities {
  /** `role: "system"` within `messages` (Opus 4.8 and everything later). */
  midConversationSystem: boolean;
  /** `thinking: {type: "adaptive"}` (4.6 and later). Models from 4.7 on refuse `budget_tokens`. */
  adaptiveThinking: boolean;
  /** `output_config.effort` (Opus 4.5, then everything from 4.6 on). */
  effort: boolean;
}

export function modelAbilities(model: string): ModelAbilities {
  if (!model.includes("claude")) return { midConversationSystem: false, adaptiveThinking: false, effort: false };
  const version = claudeVersion(model);
  return {
    midConversationSystem: version >= 408,
    adaptiveThinking: version >= 406,
    effort: version >= 406 || (version === 405 && model.includes("opus")),
  };
}

/** 405 for 4.5. A name without a version (`claude-mythos-preview`) is a model later than all those told apart. */
function claudeVersion(model: string): number {
  const match = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(model);
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]) * 100 + Number(match[2] ?? 0);
}
