import type { Severity } from "./finding.ts";

/** The rulesets that a team's own may extend. */
export const BASE_RULESETS = ["tidegate:default", "spectral:oas"] as const;
export type BaseRuleset = (typeof BASE_RULESETS)[number];

/** Functions of Spectral that rules may use: all of those that take their options from data alone. */
export const BUILT_IN_FUNCTIONS = [
  "alphabetical",
  "casing",
  "defined",
  "enumeration",
  "falsy",
  "length",
  "or",
  "pattern",
  "schema",
  "truthy",
  "undefined",
  "unreferencedReusableObject",
  "xor",
] as const;

export const FORMATS = ["oas3", "oas3_0", "oas3_1"] as const;
export type FormatName = (typeof FORMATS)[number];

/** `then` of a rule. */
export interface RuleThen {
  readonly field?: string | undefined;
  readonly function: string;
  readonly functionOptions?: unknown;
}

export interface CustomRule {
  readonly description?: string | undefined;
  readonly message?: string | undefined;
  readonly severity: Severity | "off";
  readonly given: readonly string[];
  readonly applies: readonly RuleThen[];
  readonly resolved: boolean;
  readonly formats: readonly FormatName[] | null;
}

/** A team's ruleset after every part of it was checked. */
export interface RulesetData {
  readonly extends: readonly (readonly [BaseRuleset, "off" | "recommended" | "all"])[];
  readonly formats: readonly FormatName[] | null;
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** By name: a rule, or how severe one of those that are extended is. */
  readonly rules: ReadonlyMap<string, CustomRule | Severity | "off" | boolean>;
}

export const DEFAULT_RULESET: RulesetData = Object.freeze({
  extends: [["tidegate:default", "recommended"]] as const,
  formats: null,
  aliases: new Map(),
  rules: new Map(),
});
