import { createContext, Script } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BudgetError,
  LinearPattern,
  PatternError,
  withBudget,
} from "../../../src/snapshot/json-schema/linear-pattern.ts";
import { runs } from "../../helpers/property-runs.ts";

/** JavaScript's own engine is the oracle, for as long as it takes: repetitions within repetitions may take it years. */
const ORACLE_LIMIT_MS = 50;
const context = createContext({ oracle: /./, texts: [] });
const asking = new Script("texts.map((text) => oracle.test(text))");

/** Null: it takes too long. */
function oracleSays(oracle: RegExp, texts: readonly string[]): boolean[] | null {
  Object.assign(context, { oracle, texts });
  try {
    return [...(asking.runInContext(context, { timeout: ORACLE_LIMIT_MS }) as boolean[])];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return null;
    throw error;
  }
}

const atom = fc.constantFrom(
  "a",
  "b",
  "c",
  ".",
  "\\d",
  "\\w",
  "\\s",
  "\\W",
  "[ab]",
  "[^a]",
  "[a-c1]",
  "[\\d.]",
  "[\\]x]",
  "\\.",
  "\\u0061",
  "\\x62",
  "\\u{1F600}",
  "\\ud83d\\ude00",
  "😀",
  "\\p{L}",
  "é",
  "^",
  "$",
  "\\b",
  "\\B",
  "-",
);
const quantifier = fc.constantFrom("", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{0,2}", "{1,3}?");
const isAnchor = (text: string) => /^(?:[\^$]|\\b|\\B)$/i.test(text);
const { pattern } = fc.letrec<{ pattern: string; sequence: string; piece: string }>((tie) => ({
  piece: fc
    .tuple(
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        atom,
        fc.tuple(fc.constantFrom("(", "(?:", "(?<n>"), tie("pattern")).map(([open, inner]) => `${open}${inner})`),
      ),
      quantifier,
    )
    .map(([one, times]) => (isAnchor(one) ? one : one + times)),
  sequence: fc.array(tie("piece"), { maxLength: 4 }).map((pieces) => pieces.join("")),
  pattern: fc.array(tie("sequence"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("|")),
}));
const text = fc.array(fc.constantFrom("a", "b", "c", "1", ".", " ", "é", "😀", "\n", "-", "]", "x"), { maxLength: 12 });

function unlessTooLarge(source: string): LinearPattern | null {
  try {
    return new LinearPattern(source);
  } catch (error) {
    if (error instanceof PatternError && error.message === "it repeats too much") return null;
    throw error;
  }
}

describe("a linear pattern", () => {
  it("matches what JavaScript's regular expression does", () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (source, texts) => {
        let oracle: RegExp;
        try {
          oracle = new RegExp(source, "u");
        } catch {
          expect(() => new LinearPattern(source)).toThrow(PatternError);
          return;
        }
        const linear = unlessTooLarge(source);
        // Repetitions within repetitions: refused, as below.
        fc.pre(linear !== null);
        // V8 looks for \B between the halves of a surrogate pair, too, which is no position (ECMA-262, AdvanceStringIndex).
        const isSplit = source.includes("\\B");
        const subjects = texts.map((parts) => parts.filter((part) => !isSplit || part.length === 1).join(""));
        const expected = oracleSays(oracle, subjects);
        fc.pre(expected !== null);
        expect([source, subjects, subjects.map((subject) => linear.test(subject))]).toEqual([
          source,
          subjects,
          expected,
        ]);
      }),
      { numRuns: runs(3_000) },
    );
    // Each question to the oracle starts a thread that keeps the time: a busy machine takes its time for that.
  }, 60_000);

  it.each(["(a+)+$", "^(a|a)*$", "^(.*)*b$", "\\s+$", "a*a*a*a*a*b", "(?:x+x+)+y"])(
    "takes no longer than the text is long: %s",
    (source) => {
      const linear = new LinearPattern(source);
      const subject = `${"a".repeat(50_000)}${" ".repeat(50_000)}!`;
      expect(withBudget(() => linear.test(subject))).toBe(false);
    },
  );

  it.each([
    ["(?=a)", "look-ahead"],
    ["(?<!a)b", "look-ahead"],
    ["(a)\\1", "back-references"],
    ["(?<n>a)\\k<n>", "back-references"],
    ["[", "Unterminated"],
    ["(?:a{100}){100}", "repeats too much"],
    ["(?:(?:a{0,99}){0,99}){0,99}", "repeats too much"],
    ["(?:){1000000000}", "repeats too much"],
    ["a".repeat(1_001), "longer than"],
  ])("refuses %s", (source, reason) => {
    expect(() => new LinearPattern(source)).toThrow(PatternError);
    expect(() => new LinearPattern(source)).toThrow(reason);
  });

  it("stops where all of them together take too long", () => {
    const linear = new LinearPattern("^(?:a|b|[ab]|\\w){0,50}c$");
    expect(() => withBudget(() => linear.test("ab".repeat(100_000)))).not.toThrow();
    const greedy = new LinearPattern("(?:a?){200}c");
    expect(() => withBudget(() => greedy.test("a".repeat(100_000)))).toThrow(BudgetError);
    // Each piece of work has a budget of its own.
    expect(withBudget(() => greedy.test("aac"))).toBe(true);
  });
});
