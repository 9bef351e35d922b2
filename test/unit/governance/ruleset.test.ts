import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GovernanceError } from "../../../src/governance/governance-error.ts";
import { checkJsonPath } from "../../../src/governance/linting/check-json-path.ts";
import { parseRuleset } from "../../../src/governance/linting/parse-ruleset.ts";
import { runLint } from "../../../src/governance/linting/run-lint.ts";
import { readFixture } from "./fixtures.ts";

const UNTIDY = readFixture("untidy.yaml");

function errorOf(ruleset: string): GovernanceError {
  try {
    parseRuleset(ruleset);
  } catch (error) {
    if (error instanceof GovernanceError) return error;
    throw error;
  }
  return expect.fail("the ruleset was accepted");
}

async function rulesFound(ruleset: string, text = UNTIDY): Promise<string[]> {
  const { findings } = await runLint({ text, ruleset });
  return [...new Set(findings.map(({ rule, severity }) => `${severity} ${rule}`))];
}

describe("a team's ruleset", () => {
  it("changes severities, switches rules off, and adds its own", async () => {
    const found = await runLint({
      text: UNTIDY,
      ruleset: `
extends: tidegate:default
aliases:
  Summary: ["$.paths[*][get,put,post,delete,patch].summary"]
rules:
  info-description: error
  path-no-verbs: off
  info-contact: false
  server-https: 1
  title-short:
    description: Titles are short.
    message: '"{{value}}" is too long ({{error}}): leave out the company.'
    severity: info
    given: $.info
    then: { field: title, function: length, functionOptions: { max: 3 } }
  summary-there:
    given: ["$.paths[*][?(@property == 'get' || @property == 'delete')]"]
    then: { field: summary, function: truthy }
  only-3-1:
    formats: [oas3.1]
    given: $
    then: { field: nothing, function: truthy }
`,
    });
    const of = (name: string) => found.findings.filter(({ rule }) => rule === name);
    expect(of("info-description")).toMatchObject([{ severity: "error" }]);
    expect(of("path-no-verbs")).toEqual([]);
    expect(of("info-contact")).toEqual([]);
    expect(of("server-https")).toMatchObject([{ severity: "warn" }]);
    expect(of("title-short")).toEqual([
      {
        rule: "title-short",
        severity: "info",
        message: '"Accounts" is too long ("title" property must be shorter than 3): leave out the company.',
        path: "info.title",
        line: 3,
        column: 10,
        documentation: null,
      },
    ]);
    expect(of("summary-there").map(({ path, severity }) => [path, severity])).toEqual([
      ["paths./getAccounts/.get", "warn"],
      ["paths./user_accounts/{account_id}.delete", "warn"],
    ]);
    expect(of("only-3-1")).toEqual([]);
  });

  it("may stand alone, be JSON, or extend Spectral's", async () => {
    const own =
      '{"rules": {"mine": {"given": "$", "then": {"field": "x", "function": "defined"}, "severity": "hint"}}}';
    expect(await rulesFound(own)).toEqual(["hint mine"]);
    expect(await rulesFound("extends: [[spectral:oas, all]]")).toContain("warn info-license");
    expect(await rulesFound("extends: [[spectral:oas, off]]\nrules: { info-contact: hint }")).toEqual([
      "hint info-contact",
    ]);
  });

  it.each([
    ["extends: https://example.com/rules.yaml", "extends", /not fetched/],
    ["extends: ./rules.js", "extends", /not read from files/],
    ["extends: [[tidegate:default, some]]", "extends[0]", /off, recommended or all/],
    ["extends: tidegate:default\nfunctions: [a]", "functions", /code is not loaded/],
    ["extends: tidegate:default\nfunctionsDir: x", "functionsDir", /code is not loaded/],
    ["extends: tidegate:default\noverrides: []", "overrides", /Set severities under `rules`/],
    ["extends: tidegate:default\nrule: {}", "rule", /unknown key "rule": extends, rules/],
    ["extends: tidegate:default\nrules: { a: loud }", "rules.a", /error, warn, info, hint or off/],
    ["rules: { a: { severity: warn } }", "rules.a", /must have `given` and `then`/],
    ["rules: { a: { given: $, then: { function: myOwn } } }", "rules.a.then.function", /must be one of alphabetical/],
    ["rules: { a: { given: $, then: [{ function: oasExample }] } }", "rules.a.then[0].function", /must be one of/],
    ["rules: { a: { given: paths, then: { function: truthy } } }", "rules.a.given", /must begin with \$/],
    [
      'rules: { a: { given: $, message: "#{{print.constructor(1)}}", then: { function: truthy } } }',
      "rules.a.message",
      /no expression/,
    ],
    [
      'rules: { a: { given: $, then: { function: pattern, functionOptions: { match: "(" } } } }',
      "rules.a.then.functionOptions.match",
      /Unterminated group|Invalid regular expression/,
    ],
    [
      "rules: { a: { given: $, then: { function: schema, functionOptions: { schema: { items: { $ref: 'http://127.0.0.1/a' } } } } } }",
      "rules.a.then.functionOptions.schema.items.$ref",
      /nothing is fetched/,
    ],
    ["- a", "", /must be an object/],
    ["description: x", "", /neither `extends` nor `rules`/],
    ["rules: {", "", /neither YAML nor JSON/],
  ])("is refused: %s", (ruleset, path, message) => {
    const error = errorOf(ruleset);
    expect(error.code).toBe("ruleset_invalid");
    expect(error.problems.map((problem) => problem.path)).toContain(path);
    expect(error.problems.map((problem) => problem.message).join("\n")).toMatch(message);
  });

  it("is refused with every problem and its place", () => {
    const { problems, message } = errorOf(
      "extends: nowhere\nrules:\n  a: off\n  b:\n    given: $\n    then: { function: x }\n",
    );
    expect(problems.map(({ path, line, column }) => [path, line, column])).toEqual([
      ["extends", 1, 1],
      ["rules.b.then.function", 6, 13],
    ]);
    expect(message).toMatch(
      /^the ruleset is wrong: extends may only be tidegate:default or spectral:oas.* \(and 1 more\)$/,
    );
  });

  it.each([
    ["extends: tidegate:default\nrules: { no-such-rule: warn }", /there is no rule.*no-such-rule/],
    ["rules: { a: { given: $, then: { function: casing, functionOptions: { type: loud } } } }", /casing/],
    ["rules: { a: { given: '#NoAlias', then: { function: truthy } } }", /NoAlias/],
  ])("is refused where Spectral would pass over it: %s", async (ruleset, message) => {
    const lint = runLint({ text: UNTIDY, ruleset });
    await expect(lint).rejects.toMatchObject({ code: "ruleset_invalid" });
    await expect(lint).rejects.toThrow(message);
  });

  it("is refused when it is too large", () => {
    expect(errorOf(`rules: {}\n#${"x".repeat(300_000)}`).code).toBe("ruleset_too_large");
  });
});

describe("checkJsonPath", () => {
  it.each([
    "$",
    "$.paths[*]",
    "$..[description,title]",
    "$.paths['/a'].get",
    '$.paths["/a b"][get,post]',
    "$.servers[0:2].url",
    "$.paths[*]~",
    "#OperationObject.parameters[?(@ && @.in)]",
    "#PathItem[get,put].responses[?(@property >= '400' && @property != 'default')]",
    "$..[?(@ && @.type=='array' && !@.items)]",
    "$.paths[?(@property.match(/^\\/v[0-9]+/i))]^",
    "$..[?(@.tags && @.tags.includes('x') && (@.a === 1 || @['x-b'] == null))]",
    "$..parameters[?(@.example !== void 0)]",
  ])("lets %s pass", (expression) => {
    expect(checkJsonPath(expression)).toBeNull();
  });

  it.each([
    "paths",
    "$.paths[(@.length-1)]",
    "$..[?(@.constructor.constructor('return process')())]",
    "$..[?(@['constructor'])]",
    "$..[?(@.__proto__)]",
    "$..[?(process.exit())]",
    "$..[?(@.a['con' + 'structor'])]",
    "$..[?(@[@.name])]",
    "$..[?(@.toString())]",
    "$..[?(@.match(x))]",
    "$..[?((() => 1)())]",
    "$..[?(@.a = 1)]",
    "$..[?(@.a, @.b)]",
    "$..[?(@.a]",
    "$.a[?(@.b) || @.c]",
    "$..[?(@.match.call('a'))]",
    "$..[?(new Date)]",
    `$${".a".repeat(600)}`,
  ])("refuses %s", (expression) => {
    expect(checkJsonPath(expression)).toEqual(expect.any(String));
  });

  it("ends for any text, and lets no name without @ stand in a filter", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        checkJsonPath(`$${text}`);
        expect(checkJsonPath(`$[?(${text.replace(/[^a-z]/g, "") || "x"}y.z)]`)).toEqual(expect.any(String));
      }),
    );
  });
});
