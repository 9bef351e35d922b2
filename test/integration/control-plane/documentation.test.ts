import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { REPOSITORY } from "../../helpers/build.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const PASSWORD = "correct horse battery";

let tidegate: TidegateProcess;
let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => response.end(`invoices of ${request.url}`));
  tidegate = await TidegateProcess.start({ env: { TIDEGATE_ADMIN_PASSWORD: PASSWORD } });
});
afterAll(async () => {
  await tidegate.stop();
  await upstream.close();
});

it("the page about the admin API leads from nothing to a call", async () => {
  const page = readFileSync(join(REPOSITORY, "src/docs/admin-api.md"), "utf8");
  const script = /```bash\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const here = script
    .replaceAll("http://127.0.0.1:9080", tidegate.adminUrl)
    .replaceAll("http://127.0.0.1:8080", tidegate.url)
    .replaceAll("http://127.0.0.1:9001", upstream.url);
  const env = { ...process.env, TIDEGATE_ADMIN_PASSWORD: PASSWORD };
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", here], { cwd: tidegate.home, env });
  expect(stdout).toContain('"state":"approved"');
  expect(stdout).toContain("invoices of /invoices");
  expect(stdout).toContain('"action":"subscription.approve"');
});
