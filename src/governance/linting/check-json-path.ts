/**
 * Why a JSONPath of a team's ruleset is refused, or null. Filters are expressions that are evaluated, and libraries
 * have let them out of the document before (CVE-2024-21534): so only comparisons of what `@` leads to pass, nothing that
 * could name, build or call a function.
 */
export function checkJsonPath(expression: string): string | null {
  if (expression.length > MAX_CHARACTERS) return `is longer than ${MAX_CHARACTERS} characters`;
  if (!/^[$#]/.test(expression)) return "must begin with $, or with # and an alias";
  let rest = expression;
  while (rest !== "") {
    if (rest.startsWith("[?(")) {
      const length = filterLength(rest.slice(3));
      if (typeof length === "string") return length;
      rest = rest.slice(3 + length);
      if (!rest.startsWith(")]")) return "has a filter that does not end with )]";
      rest = rest.slice(2);
      continue;
    }
    const [step] = STEP.exec(rest) ?? [];
    if (step === undefined) return `can't be read at "${rest.slice(0, 20)}"`;
    rest = rest.slice(step.length);
  }
  return null;
}

const MAX_CHARACTERS = 1_000;

/** All of a path but filters: names, quoted names, indexes, slices, lists of them, `*`, `..`, `^` and `~`. */
const STEP = /^(?:[$#][\w-]*|\.{1,2}(?:[\w$@-]+|\*)?|\[(?:[\w$*,:/ .-]|'[^'\\]*'|"[^"\\]*")+\]|\*|\^|~(?!\w))/;

const TOKENS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["space", /^\s+/],
  ["value", /^(?:'[^'\\]*'|"[^"\\]*"|\d+(?:\.\d+)?|(?:true|false|null|undefined|void 0)\b)/],
  ["value", /^@(?:property|parentProperty|parent|path|root)?(?![\w])/],
  ["member", /^\.[A-Za-z_$][\w$]*/],
  ["member", /^\[(?:'[^'\\]*'|"[^"\\]*"|\d+)\]/],
  ["operator", /^(?:===|!==|==|!=|<=|>=|<|>|&&|\|\||!)/],
  ["regex", /^\/(?:[^/\\\n]|\\.)+\/[imsu]*/],
  ["open", /^\(/],
  ["close", /^\)/],
];

const FORBIDDEN_MEMBERS = /^(?:constructor|prototype|__\w+__|call|apply|bind|arguments|caller|callee)$/;
const METHODS = /^(?:match|includes|startsWith|endsWith|indexOf)$/;

/** How long a filter is up to the parenthesis that closes it, or what is wrong with it. */
function filterLength(text: string): number | string {
  let position = 0;
  let depth = 0;
  let last = { kind: "start", text: "" };
  while (position < text.length) {
    const rest = text.slice(position);
    const token = nextToken(rest);
    if (token === null) return `has a filter that can't be read at "${rest.slice(0, 20)}"`;
    if (token.kind === "close" && depth === 0) return position;
    const reason = token.kind === "space" ? null : whyNot(token, last);
    if (reason !== null) return reason;
    if (token.kind === "open") depth++;
    if (token.kind === "close") depth--;
    if (token.kind !== "space") last = token;
    position += token.text.length;
  }
  return "has a filter without an end";
}

interface Token {
  readonly kind: string;
  readonly text: string;
}

function nextToken(text: string): Token | null {
  for (const [kind, pattern] of TOKENS) {
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return { kind, text: found };
  }
  return null;
}

function whyNot(token: Token, last: Token): string | null {
  const lastMember = last.kind === "member" ? nameOf(last.text) : "";
  if (token.kind === "member") {
    if (last.kind !== "value" && last.kind !== "member") return `has a filter with "${token.text}" after no value`;
    if (FORBIDDEN_MEMBERS.test(nameOf(token.text))) return `may not use "${nameOf(token.text)}" in a filter`;
  }
  if (token.kind === "open" && !["start", "operator", "open"].includes(last.kind) && !METHODS.test(lastMember)) {
    return `may not call "${last.text}" in a filter: match, includes, startsWith, endsWith and indexOf are allowed`;
  }
  if (token.kind === "regex" && last.kind !== "open") return "may use a regular expression only in .match(/…/)";
  return null;
}

function nameOf(member: string): string {
  return member.replace(/^\.|^\[['"]?|['"]?\]$/g, "");
}
