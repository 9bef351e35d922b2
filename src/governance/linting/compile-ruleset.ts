import type { Format, RulesetDefinition } from "@stoplight/spectral-core";
import * as functions from "@stoplight/spectral-functions";
import { oas } from "@stoplight/spectral-rulesets";
import { field, isObject, objectOf } from "../documents/json.ts";
import { DEFAULT_RULES, type DefaultRule } from "./default-rules.ts";
import { DOCUMENT_CHECKS } from "./functions/index.ts";
import {
  type BaseRuleset,
  type CustomRule,
  FORMATS,
  type FormatName,
  type RulesetData,
  type RuleThen,
} from "./ruleset-data.ts";

type Aliases = NonNullable<RulesetDefinition["aliases"]>;
type Rules = Extract<RulesetDefinition, { rules: unknown }>["rules"];
type Rule = Exclude<Rules[string], string | number | boolean>;
type Then = Extract<Rule["then"], { function: unknown }>;
type RuleFunction = Then["function"];

// Spectral's types for its own ruleset have `string` where its type of a ruleset has literals.
const OAS = oas as unknown as RulesetDefinition & { readonly aliases: Aliases; readonly rules: Record<string, Rule> };

/** A checked ruleset as Spectral wants it: names of functions and formats are replaced by what they name. */
export function compileRuleset(data: RulesetData): RulesetDefinition {
  return {
    formats: formatsOf(data.formats ?? FORMATS),
    aliases: { ...OAS.aliases, ...Object.fromEntries([...data.aliases].map(([name, given]) => [name, [...given]])) },
    extends: data.extends.map(([name, mode]): [RulesetDefinition, typeof mode] => [baseRuleset(name), mode]),
    rules: Object.fromEntries(
      [...data.rules].map(([name, rule]) => [name, typeof rule === "object" ? compileRule(rule) : rule]),
    ),
  };
}

function baseRuleset(name: BaseRuleset): RulesetDefinition {
  if (name === "spectral:oas") return OAS;
  return {
    formats: formatsOf(FORMATS),
    aliases: OAS.aliases,
    rules: Object.fromEntries(DEFAULT_RULES.map((rule) => [rule.name, compileDefaultRule(rule)])),
  };
}

function compileDefaultRule({ name, check, severity, asks, message }: DefaultRule): Rule {
  const ours = { severity, description: asks, message, recommended: true };
  if (check === undefined) return { ...borrowed(name), ...ours };
  return {
    ...ours,
    given: [...check.given],
    resolved: check.resolved ?? true,
    // biome-ignore lint/suspicious/noThenProperty: Spectral's name for it.
    then: compileThen(check.applies, DOCUMENT_CHECKS.has(check.applies.function)),
  };
}

function borrowed(name: string): Rule {
  const rule = OAS.rules[name];
  if (rule === undefined) throw new Error(`spectral:oas has no rule ${name}`);
  return rule;
}

function compileRule({ description, message, severity, given, applies, resolved, formats }: CustomRule): Rule {
  return {
    ...(description === undefined ? {} : { description }),
    ...(message === undefined ? {} : { message }),
    ...(formats === null ? {} : { formats: formatsOf(formats) }),
    severity,
    given: [...given],
    resolved,
    // biome-ignore lint/suspicious/noThenProperty: Spectral's name for it.
    then: applies.map((part) => compileThen(part, false)),
  };
}

function compileThen({ field: name, function: functionName, functionOptions }: RuleThen, isOurs: boolean): Then {
  return {
    function: isOurs ? documentCheck(functionName) : builtIn(functionName),
    ...(name === undefined ? {} : { field: name }),
    ...(functionOptions === undefined ? {} : { functionOptions }),
  };
}

function builtIn(name: string): RuleFunction {
  const found: unknown = field({ ...functions }, name);
  if (typeof found !== "function") throw new Error(`Spectral has no function ${name}`);
  return found as RuleFunction;
}

/** Spectral evaluates `#{{…}}` and fills in `{{…}}` in messages: what a document says must not be taken for either. */
function documentCheck(name: string): RuleFunction {
  const check = DOCUMENT_CHECKS.get(name);
  if (check === undefined) throw new Error(`there is no function ${name}`);
  return (document: unknown, options: unknown) => {
    if (!isObject(document)) return;
    return check(document, objectOf(options)).map(({ message, path }) => ({
      message: message.replaceAll("{{", "{ {"),
      path: [...path],
    }));
  };
}

/**
 * Spectral's own objects: some of its rules look for them by identity. `spectral-formats`, where they come from, is no
 * dependency of ours.
 */
const FORMATS_BY_NAME: ReadonlyMap<string | undefined, Format> = new Map(
  oas.formats.map((format) => [format.displayName, format]),
);

const DISPLAY_NAMES: Readonly<Record<FormatName, string>> = {
  oas3: "OpenAPI 3.x",
  oas3_0: "OpenAPI 3.0.x",
  oas3_1: "OpenAPI 3.1.x",
};

function formatsOf(names: readonly FormatName[]): Format[] {
  return names.map((name) => {
    const format = FORMATS_BY_NAME.get(DISPLAY_NAMES[name]);
    if (format === undefined) throw new Error(`Spectral has no format ${name}`);
    return format;
  });
}
