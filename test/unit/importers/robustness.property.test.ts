import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDocument, stringify } from "yaml";
import { ImportError, type ImportResult } from "../../../src/snapshot/importers/import-result.ts";
import { importLiteLlm } from "../../../src/snapshot/importers/litellm/import-litellm.ts";
import { importNginx } from "../../../src/snapshot/importers/nginx/import-nginx.ts";
import { verifyImport } from "../../../src/snapshot/importers/verify.ts";
import { runs } from "../../helpers/property-runs.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");
const CONFS = ["grafana", "jenkins", "wordpress", "microservices", "spa-and-api"].map((name) =>
  fixture(`nginx/${name}.conf`),
);

/** Either refused with a place, or a configuration that is accepted: of files that are cut and patched in any way. */
function expectAccepted(run: () => ImportResult): void {
  let result: ImportResult;
  try {
    result = run();
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    return;
  }
  expect(verifyImport(result, "/nowhere/tidegate.yaml").problems).toEqual([]);
  expect(JSON.stringify(result)).not.toContain("canary");
}

const ODD_WORDS = [
  "",
  "/",
  "a/",
  "//",
  "/:id",
  "/*",
  "/a b",
  "/%zz",
  "é",
  "$x",
  "*",
  "http://[::1]",
  "http://a b/",
  "0",
  "-1",
  "10m",
  "unix:/s",
  "_",
  "~^x",
  "99999999",
];

describe("imports of altered files", () => {
  it("nginx: words replaced by odd ones, and lines left out", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CONFS),
        fc.array(fc.tuple(fc.nat(2000), fc.constantFrom(...ODD_WORDS)), { maxLength: 6 }),
        fc.array(fc.nat(100), { maxLength: 2 }),
        (conf, words, lines) => {
          const kept = conf.split("\n").filter((line, index) => !lines.includes(index) || /[{}]/.test(line));
          // What holds a secret stays whole: a header of another name is no secret any more.
          const parts = kept.join("\n").split(/((?:.*canary.*)|\s+|[;{}])/);
          for (const [at, word] of words) {
            const index = at % parts.length;
            if (!/^(?:\s*|[;{}])$|canary/.test(parts[index] ?? "")) parts[index] = `"${word}"`;
          }
          const text = parts.join("");
          expectAccepted(() => importNginx([{ file: "f", text }], { files: { read: () => null, list: () => null } }));
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it("LiteLLM: values replaced by odd ones", () => {
    const odd = fc.oneof(
      fc.constantFrom(...ODD_WORDS),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant([]),
      fc.constant({}),
      fc.constant("openai/*"),
      fc.double(),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(fixture("litellm/router.yaml"), fixture("litellm/load-balancing.yaml")),
        fc.array(fc.tuple(fc.nat(200), odd), { maxLength: 5 }),
        (text, values) => {
          const document = parseDocument(text).toJS();
          const places: [Record<string, unknown>, string][] = [];
          const collect = (value: unknown): void => {
            if (typeof value !== "object" || value === null) return;
            for (const [key, child] of Object.entries(value)) {
              places.push([value as Record<string, unknown>, key]);
              collect(child);
            }
          };
          collect(document);
          for (const [at, value] of values) {
            const place = places[at % places.length];
            if (place !== undefined) place[0][place[1]] = value;
          }
          expectAccepted(() => importLiteLlm(stringify(document), { file: "f" }));
        },
      ),
      { numRuns: runs(100) },
    );
  });
});
