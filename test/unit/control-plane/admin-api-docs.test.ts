import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PERMISSION_NAMES, PERMISSIONS } from "../../../src/control-plane/access/permissions.ts";
import { builtInRole } from "../../../src/control-plane/access/roles.ts";
import { PROBLEMS } from "../../../src/control-plane/problem.ts";

const page = readFileSync(new URL("../../../src/docs/admin-api.md", import.meta.url), "utf8");

/** The letters of the page, and the roles they stand for. */
const ROLES = [
  ["O", "organisation", "owner"],
  ["A", "organisation", "admin"],
  ["U", "organisation", "auditor"],
  ["o", "team", "owner"],
  ["p", "team", "publisher"],
  ["d", "team", "developer"],
  ["v", "team", "viewer"],
] as const;

describe("the page about the admin API", () => {
  it("has every permission, where it holds, and which roles have it", () => {
    const rows = PERMISSION_NAMES.map((name) => {
      const { scope, what } = PERMISSIONS[name];
      const marks = ROLES.map(([letter, where, id]) =>
        builtInRole(where, id)?.permissions.includes(name) ? letter : "·",
      );
      return `| \`${name}\` | ${what} | ${scope} | \`${marks.join("")}\` |`;
    });
    const table = ["| permission | to | in the | roles |", "|---|---|---|---|", ...rows].join("\n");
    const [, written] = /<!-- permissions:begin -->\n([\s\S]*?)\n?<!-- permissions:end -->/.exec(page) ?? [];
    expect(written).toBe(table);
  });

  it("has every error code with its status", () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]);
    expect(Object.fromEntries(rows)).toEqual(PROBLEMS);
  });
});
