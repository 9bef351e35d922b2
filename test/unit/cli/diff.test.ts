import { describe, expect, it } from "vitest";
import {
  differenceLines,
  differencesOf,
  mayBeSecretInService,
  mayBeSecretInTeam,
  withoutSecretsInDraft,
  withoutSecretsInPolicies,
} from "../../../src/cli/diff.ts";
import { PLAIN } from "../../../src/cli/output/palette.ts";
import { type Column, table } from "../../../src/cli/output/table.ts";

const lines = (before: object, after: object) =>
  differenceLines(differencesOf(before, after, mayBeSecretInService), PLAIN);

describe("a diff", () => {
  it("tells what is new, what goes and what changes, leaf by leaf", () => {
    const before = { routes: [{ path: "/a" }, { path: "/b" }], access: "open", max_body_size: "1MiB" };
    const after = {
      access: "key",
      routes: [{ path: "/a", methods: ["GET"] }],
      limits: [{ requests: 1, window: "1m" }],
    };
    expect(lines(before, after)).toEqual([
      '~ access: "open" → "key"',
      '+ routes[0].methods: ["GET"]',
      '- routes[1].path: "/b"',
      "+ limits[0].requests: 1",
      '+ limits[0].window: "1m"',
      '- max_body_size: "1MiB"',
    ]);
  });

  it("is empty whatever the order of the keys", () => {
    expect(lines({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toEqual([]);
  });

  it("cuts long texts, and counts the lines of longer ones", () => {
    const [cut] = lines({}, { access: "x".repeat(500) });
    expect(cut).toHaveLength("+ access: ".length + 101);
    expect(lines({ access: "a\nb\n" }, {})).toEqual(["- access: (a text of 2 lines)"]);
  });

  it("hides what may be a secret, and all that it does not know", () => {
    const headers = { add: { "x-a": "canary" }, set: { authorization: "canary" }, remove: ["cookie"] };
    const draft = { request_headers: headers, new_in_a_later_version: { value: "canary" }, access: "open" };
    expect(lines({}, draft).join("\n")).not.toContain("canary");
    const shown = withoutSecretsInDraft({ draft });
    expect(JSON.stringify(shown)).not.toContain("canary");
    expect(shown.draft).toMatchObject({ access: "open", request_headers: { remove: ["cookie"] } });
  });
});

describe("a table", () => {
  const columns: Column<{ id: string; n: number | null }>[] = [
    { title: "ID", text: ({ id }) => id },
    { title: "N", right: true, text: ({ n }) => n },
  ];
  const rows = [
    { id: "a", n: 10 },
    { id: "\u001b[2Jlong", n: null },
  ];

  it("is as wide as its cells, which move no cursor", () => {
    expect(table(columns, rows, undefined)).toBe(["ID         N", "a         10", "?[2Jlong   -", ""].join("\n"));
  });

  it("is cut where the terminal ends", () => {
    expect(table(columns, rows, 6)).toBe(["ID   …", "a    …", "?[2Jl…", ""].join("\n"));
  });
});

describe("what of a service may be a secret", () => {
  it.each<[boolean, (string | number)[]]>([
    [true, ["request_headers", "set", "authorization"]],
    [true, ["policies", "request_headers", "set", "authorization"]],
    [true, ["routes", 0, "policies", "request_headers", "add", "x-key"]],
    [true, ["policies", "not known"]],
    [false, ["policies", "addresses", "allow", 0]],
    [false, ["routes", 0, "policies", "request_schema", "schema", "properties", "a", "pattern"]],
  ])("%s: %j", (isSecret, path) => {
    expect(mayBeSecretInService(path)).toBe(isSecret);
  });
});

describe("what of a team or an application may be a secret", () => {
  it.each<[boolean, (string | number)[]]>([
    [true, ["policies", "request_headers", "set", "authorization"]],
    [true, ["policies", "not known"]],
    [false, ["policies", "limits", 0, "window"]],
    [false, ["limits", 0, "window"]],
    [false, ["name"]],
  ])("%s: %j", (isSecret, path) => {
    expect(mayBeSecretInTeam(path)).toBe(isSecret);
  });

  it("is left out of what is printed", () => {
    const limits = [{ requests: 1, window: "1h" }];
    const of = (value: string) => ({ id: "shop", policies: { limits, response_headers: { add: { "x-key": value } } } });
    expect(withoutSecretsInPolicies(of("secret"))).toEqual(of("(hidden)"));
    expect(withoutSecretsInPolicies({ policies: {} })).toEqual({ policies: {} });
  });
});
