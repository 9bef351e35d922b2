import { type Document, isMap, isNode, isSeq, LineCounter, parseDocument } from "yaml";
import { formatPath, type Path } from "../documents/json.ts";
import { checkSize } from "../documents/parse-document.ts";
import { GovernanceError, type RulesetProblem } from "../governance-error.ts";
import { checkRuleset } from "./check-ruleset.ts";
import type { RulesetData } from "./ruleset-data.ts";

export const RULESET_LIMIT_BYTES = 256 * 1024;

/**
 * A team's ruleset from YAML or JSON.
 *
 * @throws GovernanceError `ruleset_invalid` with every problem and its place, or `ruleset_too_large`
 */
export function parseRuleset(text: string): RulesetData {
  checkRulesetSize(text);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  const problems: RulesetProblem[] = document.errors.map(({ message, pos }) => {
    return problemAt([], `is neither YAML nor JSON: ${message}`, lines, pos[0]);
  });
  if (problems.length > 0) throw rulesetError(problems);
  const data = checkRuleset(toData(document), (path, message) => {
    problems.push(problemAt(path, message, lines, offsetOf(document, path)));
  });
  if (problems.length > 0) throw rulesetError(problems);
  return data;
}

export function checkRulesetSize(text: string): void {
  try {
    checkSize(text, "the ruleset", RULESET_LIMIT_BYTES);
  } catch (error) {
    if (!(error instanceof GovernanceError)) throw error;
    throw new GovernanceError("ruleset_too_large", error.message.replace(/: split.*$/, ""));
  }
}

export function rulesetError(problems: readonly RulesetProblem[]): GovernanceError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  const subject = first === undefined || first.path === "" ? "" : ` ${first.path}`;
  return new GovernanceError("ruleset_invalid", `the ruleset is wrong:${subject} ${first?.message}${more}`, problems);
}

function toData(document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw rulesetError([
      { path: "", message: `can't be read: ${error instanceof Error ? error.message : error}`, line: 1, column: 1 },
    ]);
  }
}

function problemAt(path: Path, message: string, lines: LineCounter, offset: number): RulesetProblem {
  const { line, col } = lines.linePos(offset);
  return { path: formatPath(path), message, line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Where a value is: its key's place, or that of the nearest part that is there. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(key) === String(step));
      if (isNode(pair?.key)) offset = pair.key.range?.[0] ?? offset;
      next = pair?.value;
    } else if (isSeq(node)) {
      next = node.items[Number(step)];
      if (isNode(next)) offset = next.range?.[0] ?? offset;
    }
    if (!isNode(next)) return offset;
    node = next;
  }
  return offset;
}
