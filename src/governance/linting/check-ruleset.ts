import { arrayOf, field, isObject, type JsonObject, type Path } from "../documents/json.ts";
import { isLocalReference } from "../documents/local-references.ts";
import { checkJsonPath } from "./check-json-path.ts";
import { SEVERITIES } from "./finding.ts";
import {
  BASE_RULESETS,
  BUILT_IN_FUNCTIONS,
  type CustomRule,
  FORMATS,
  type FormatName,
  type RulesetData,
  type RuleThen,
} from "./ruleset-data.ts";

export type Report = (path: Path, message: string) => void;

const KEYS = ["extends", "rules", "aliases", "formats", "description", "documentationUrl"];
const RULE_KEYS = ["description", "message", "severity", "given", "then", "resolved", "formats", "recommended", "type"];
const THEN_KEYS = ["field", "function", "functionOptions"];
const NO_CODE = "rulesets are data: code is not loaded. Use the built-in functions";

const REFUSED_KEYS: Readonly<Record<string, string>> = {
  functions: NO_CODE,
  functionsDir: NO_CODE,
  overrides: "overrides by file are not supported: there is one document. Set severities under `rules`",
  except: "exceptions by file are not supported: there is one document. Set severities under `rules`",
  parserOptions: "not supported: duplicate keys are always an error",
};

/**
 * A team's ruleset as it was written, in the format of Spectral. Everything that could run code, fetch something, or
 * that Spectral would silently pass over, is reported; what is returned is of use only if nothing was.
 */
export function checkRuleset(value: unknown, report: Report): RulesetData {
  const ruleset = isObject(value) ? value : {};
  if (!isObject(value)) report([], "must be an object with `extends` and `rules`");
  else if (value.extends === undefined && value.rules === undefined) {
    report([], "has neither `extends` nor `rules`: begin with `extends: tidegate:default`");
  }
  for (const key of Object.keys(ruleset)) {
    if (!KEYS.includes(key) && !key.startsWith("x-")) report([key], REFUSED_KEYS[key] ?? unknown(key, KEYS));
  }
  return {
    extends: checkExtends(ruleset.extends, report),
    formats: checkFormats(ruleset.formats, ["formats"], report),
    aliases: checkAliases(ruleset.aliases, report),
    rules: checkRules(ruleset.rules, report),
  };
}

function checkExtends(value: unknown, report: Report): RulesetData["extends"] {
  if (value === undefined) return [];
  const isList = Array.isArray(value);
  return (isList ? value : [value]).flatMap((entry: unknown, index): RulesetData["extends"] => {
    const path = isList ? ["extends", index] : ["extends"];
    const [name, mode] = Array.isArray(entry) ? [entry[0], entry[1]] : [entry, "recommended"];
    const base = BASE_RULESETS.find((known) => known === name);
    if (base === undefined) {
      report(path, `may only be ${BASE_RULESETS.join(" or ")}: rulesets are not fetched, and not read from files`);
      return [];
    }
    if (mode !== "off" && mode !== "recommended" && mode !== "all") {
      report(path, "the second part must be off, recommended or all");
      return [];
    }
    return [[base, mode]];
  });
}

function checkFormats(value: unknown, path: Path, report: Report): readonly FormatName[] | null {
  if (value === undefined) return null;
  if (!Array.isArray(value)) report(path, `must be a list of ${FORMATS.join(", ")}`);
  return arrayOf(value).flatMap((entry, index) => {
    // Spectral's documentation writes both `oas3_1` and `oas3.1`.
    const name = FORMATS.find((format) => format === String(entry).replace(".", "_"));
    if (name === undefined) report([...path, index], `must be one of ${FORMATS.join(", ")}`);
    return name === undefined ? [] : [name];
  });
}

function checkAliases(value: unknown, report: Report): Map<string, readonly string[]> {
  if (value !== undefined && !isObject(value)) report(["aliases"], "must be an object of lists of JSONPaths");
  return new Map(
    Object.entries(isObject(value) ? value : {}).map(([name, given]) => {
      if (!/^[A-Za-z][\w-]*$/.test(name)) report(["aliases", name], "must be named with letters, digits, _ and -");
      return [name, checkPaths(given, ["aliases", name], report)];
    }),
  );
}

function checkPaths(value: unknown, path: Path, report: Report): readonly string[] {
  const isList = Array.isArray(value);
  const expressions: unknown[] = isList ? value : [value];
  if (expressions.length === 0) report(path, "must name at least one JSONPath");
  return expressions.flatMap((expression, index) => {
    const at = isList ? [...path, index] : path;
    if (typeof expression !== "string") {
      report(at, "must be a JSONPath such as $.paths[*]");
      return [];
    }
    const reason = checkJsonPath(expression);
    if (reason !== null) report(at, `"${expression.slice(0, 80)}" ${reason}`);
    return [expression];
  });
}

function checkRules(value: unknown, report: Report): RulesetData["rules"] {
  if (value !== undefined && !isObject(value)) report(["rules"], "must be an object of rules by name");
  const rules = new Map<string, CustomRule | "error" | "warn" | "info" | "hint" | "off" | boolean>();
  for (const [name, rule] of Object.entries(isObject(value) ? value : {})) {
    const path = ["rules", name];
    if (isObject(rule)) rules.set(name, checkRule(rule, path, report));
    else if (typeof rule === "boolean") rules.set(name, rule);
    else rules.set(name, checkSeverity(rule, path, report));
  }
  return rules;
}

function checkSeverity(value: unknown, path: Path, report: Report): (typeof SEVERITIES)[number] | "off" {
  if (value === "off") return "off";
  // Spectral counts severities as well: 0 is an error, 3 a hint.
  const severity = typeof value === "number" ? SEVERITIES[value] : SEVERITIES.find((name) => name === value);
  if (severity === undefined) report(path, `must be ${SEVERITIES.join(", ")} or off`);
  return severity ?? "off";
}

function checkRule(rule: JsonObject, path: Path, report: Report): CustomRule {
  for (const key of Object.keys(rule)) {
    if (!RULE_KEYS.includes(key) && !key.startsWith("x-")) report([...path, key], unknown(key, RULE_KEYS));
  }
  if (rule.given === undefined || rule.then === undefined) {
    report(path, "must have `given` and `then`; to change a severity alone, write it as in `rule-name: warn`");
  }
  const isList = Array.isArray(rule.then);
  const thens: unknown[] = isList ? arrayOf(rule.then).slice() : [rule.then];
  const severity = rule.severity === undefined ? "warn" : checkSeverity(rule.severity, [...path, "severity"], report);
  const isOff = severity === "off" || rule.recommended === false;
  return {
    description: checkText(rule.description, [...path, "description"], report),
    message: checkText(rule.message, [...path, "message"], report),
    severity: isOff ? "off" : severity,
    given: rule.given === undefined ? [] : checkPaths(rule.given, [...path, "given"], report),
    applies:
      rule.then === undefined
        ? []
        : thens.map((then, index) => checkThen(then, [...path, "then", ...(isList ? [index] : [])], report)),
    resolved: rule.resolved !== false,
    formats: checkFormats(rule.formats, [...path, "formats"], report),
  };
}

function checkThen(value: unknown, path: Path, report: Report): RuleThen {
  if (!isObject(value)) {
    report(path, "must be an object with `function`");
    return { function: "truthy" };
  }
  for (const key of Object.keys(value)) if (!THEN_KEYS.includes(key)) report([...path, key], unknown(key, THEN_KEYS));
  const name = BUILT_IN_FUNCTIONS.find((known) => known === value.function);
  if (name === undefined) {
    report([...path, "function"], `must be one of ${BUILT_IN_FUNCTIONS.join(", ")}: ${NO_CODE}`);
  }
  if (value.field !== undefined) checkField(value.field, [...path, "field"], report);
  checkOptions(value.functionOptions, [...path, "functionOptions"], report);
  return {
    field: typeof value.field === "string" ? value.field : undefined,
    function: name ?? "truthy",
    functionOptions: value.functionOptions,
  };
}

function checkField(value: unknown, path: Path, report: Report): void {
  if (typeof value !== "string") report(path, "must be a name, a path of names, or @key");
  else if (value.startsWith("$")) {
    const reason = checkJsonPath(value);
    if (reason !== null) report(path, `"${value.slice(0, 80)}" ${reason}`);
  }
}

/** Options may hold schemas and regular expressions, at any depth. */
function checkOptions(value: unknown, path: Path, report: Report): void {
  for (const [index, entry] of arrayOf(value).entries()) checkOptions(entry, [...path, index], report);
  if (!isObject(value)) return;
  const reference = field(value, "$ref");
  if (typeof reference === "string" && !isLocalReference(reference)) {
    report([...path, "$ref"], "may only refer to a part of the same schema (#/…): nothing is fetched");
  }
  for (const key of ["match", "notMatch", "pattern"]) checkPattern(field(value, key), [...path, key], report);
  for (const [key, entry] of Object.entries(value)) checkOptions(entry, [...path, key], report);
}

function checkPattern(value: unknown, path: Path, report: Report): void {
  if (typeof value !== "string") return;
  const [, body = value, flags = ""] = /^\/(.+)\/([a-z]*)$/.exec(value) ?? [];
  try {
    new RegExp(body, flags);
  } catch (error) {
    report(path, error instanceof Error ? error.message : "is not a regular expression");
  }
}

/** Spectral evaluates `#{{…}}` as an expression; `#{{print("value")}}` is the one that its own messages need. */
function checkText(value: unknown, path: Path, report: Report): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") {
    report(path, "must be text");
    return undefined;
  }
  if (value.replace(/#\{\{print\("\w+"\)\}\}/g, "").includes("#{{")) {
    report(path, 'may hold {{error}}, {{property}}, {{value}}, {{path}} and {{description}}, but no expression "#{{"');
  }
  return value;
}

function unknown(key: string, allowed: readonly string[]): string {
  return `unknown key "${key}": ${allowed.join(", ")} are known`;
}
