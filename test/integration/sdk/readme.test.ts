import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { REPOSITORY } from "../../helpers/build.ts";
import { baseYaml, startGateway, TEST_KEY } from "../../helpers/gateway.ts";

const QUICKSTART = "http://127.0.0.1:8080";

it("what the README says of SDKs works as it stands there", async () => {
  const gateway = await startGateway(baseYaml("providers: [{ id: simulated, kind: simulated }]"));
  onTestFinished(() => gateway.close());
  const readme = readFileSync(join(REPOSITORY, "README.md"), "utf8");
  const examples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string);
  expect(examples).toHaveLength(6);
  // Among the SDKs, so that they are found.
  const script = join(REPOSITORY, `test/sdk-clients/readme-${process.pid}.mjs`);
  onTestFinished(() => rmSync(script, { force: true }));
  writeFileSync(script, examples.join("\n").replaceAll(QUICKSTART, gateway.url));
  const env = { ...process.env, TIDEGATE_KEY: TEST_KEY };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  expect(stdout).toBe("Hello!\n");
  expect(gateway.records.map(({ path, status }) => [path, status])).toEqual([
    ["/v1/chat/completions", 200],
    ["/v1/responses", 200],
    ["/v1/messages", 200],
    ["/v1beta/models/simulated/echo:generateContent", 200],
    ["/v2/chat", 200],
    ["/model/simulated%2Fecho/converse", 200],
  ]);
});
