import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ImportResult } from "../../../src/snapshot/importers/import-result.ts";
import { importLiteLlm } from "../../../src/snapshot/importers/litellm/import-litellm.ts";
import { importNginx } from "../../../src/snapshot/importers/nginx/import-nginx.ts";
import { importOpenApi } from "../../../src/snapshot/importers/openapi/import-openapi.ts";
import { renderYaml } from "../../../src/snapshot/importers/render.ts";
import { verifyImport } from "../../../src/snapshot/importers/verify.ts";
import { expectGoldenText } from "../../helpers/golden.ts";

/**
 * Each file of a product beside the `tidegate.yaml` it becomes, notes included. `UPDATE_GOLDEN=1` writes those anew.
 * Secrets in the files begin with `canary`.
 */
const readText = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : null);
const fixture = (...path: string[]) => join(import.meta.dirname, ...path);

/** Where the files of nginx seem to lie: what is written does not depend on where this test does. */
const ROOT = "/etc/nginx";

function nginx(name: string): ImportResult {
  const real = (path: string) => path.replace(ROOT, fixture("nginx"));
  const files = {
    read: (path: string) => readText(real(path)),
    list: (path: string) => (existsSync(real(path)) ? readdirSync(real(path)) : null),
  };
  const text = readFileSync(fixture("nginx", name), "utf8");
  return importNginx([{ file: name, text }], { includeRoot: join(ROOT, name, ".."), files });
}

function openApi(name: string, options: object = {}): Promise<ImportResult> {
  const text = readFileSync(fixture("openapi", name), "utf8");
  const readReferenced = (path: string) => readText(fixture("openapi", path));
  return importOpenApi(text, { file: name, readReferenced, ...options });
}

const CASES: Record<string, () => ImportResult | Promise<ImportResult>> = {
  "nginx/grafana.conf": () => nginx("grafana.conf"),
  "nginx/jenkins.conf": () => nginx("jenkins.conf"),
  "nginx/wordpress.conf": () => nginx("wordpress.conf"),
  "nginx/microservices.conf": () => nginx("microservices.conf"),
  "nginx/spa-and-api.conf": () => nginx("spa-and-api.conf"),
  "nginx/include-tree/nginx.conf": () => nginx("include-tree/nginx.conf"),
  "openapi/petstore.yaml": () => openApi("petstore.yaml"),
  "openapi/relative.json": () =>
    openApi("relative.json", {
      upstream: "http://10.0.0.1:81",
      prefix: "/inv",
      access: "open",
      host: "inv.example.com",
    }),
  "litellm/load-balancing.yaml": () => {
    const text = readFileSync(fixture("litellm", "load-balancing.yaml"), "utf8");
    return importLiteLlm(text, { file: "load-balancing.yaml" });
  },
  "litellm/router.yaml": () => {
    return importLiteLlm(readFileSync(fixture("litellm", "router.yaml"), "utf8"), { file: "router.yaml" });
  },
};

describe("imports", () => {
  test.each(Object.entries(CASES))("%s", async (name, run) => {
    const result = await run();
    const yaml = renderYaml(result, name);
    expectGoldenText(fixture(`${name}.expected.yaml`), yaml);
    expect(yaml + JSON.stringify(result)).not.toContain("canary");
    expect(verifyImport(result, fixture("tidegate.yaml")).problems).toEqual([]);
  });
});
