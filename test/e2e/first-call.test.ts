import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallRecord } from "../../src/contracts/call-record.ts";
import { REPOSITORY } from "../helpers/build.ts";
import { TidegateProcess } from "../helpers/tidegate-process.ts";

const run = promisify(execFile);

/** What the README promises to somebody who has just cloned this. */
describe("a newcomer's first call", () => {
  let tidegate: TidegateProcess;
  beforeAll(async () => {
    tidegate = await TidegateProcess.start({ workers: 2 });
  });
  afterAll(() => tidegate.stop());

  function printedCurl(): string {
    const line = tidegate.stdout.split("\n").find((text) => text.trim().startsWith("curl "));
    if (line === undefined) throw new Error(`no curl line was printed:\n${tidegate.stdout}`);
    return line.trim();
  }

  it("prints a curl line that works when pasted", async () => {
    const { stdout } = await run("sh", ["-c", `${printedCurl()} -s`]);
    expect(JSON.parse(stdout)).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: "Hello, Tidegate!" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 2, completion_tokens: 2 },
    });
  });

  it("streams, with usage when asked", async () => {
    const response = await tidegate.chat({ stream: true, stream_options: { include_usage: true } });
    const events = (await response.text()).trim().split("\n\n");
    expect(events.at(-1)).toBe("data: [DONE]");
    expect(events.at(-2)).toContain('"completion_tokens":1');
  });

  it("calls a tool when tools are offered", async () => {
    const tool = {
      type: "function",
      function: { name: "tide", parameters: { type: "object", properties: { harbour: { type: "string" } } } },
    };
    const response = await tidegate.chat({ tools: [tool] });
    expect(await response.json()).toMatchObject({
      choices: [{ message: { tool_calls: [{ function: { name: "tide", arguments: '{"harbour":"hello"}' } }] } }],
    });
  });

  it("answers after the delay and at the pace that headers set", async () => {
    const startedAt = performance.now();
    const response = await fetch(`${tidegate.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${tidegate.key}`,
        "x-simulated-first-token-ms": "200",
        "x-simulated-token-ms": "50",
      },
      body: JSON.stringify({
        model: "simulated/echo",
        stream: true,
        messages: [{ role: "user", content: "one two three four" }],
      }),
    });
    await response.text();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(350);
  });

  it("finds its calls in the log", async () => {
    const response = await tidegate.chat();
    await response.text();
    const id = response.headers.get("x-request-id");
    let records: CallRecord[] = [];
    await tidegate.waitFor("the record", async () => {
      const { stdout } = await tidegate.run("logs", "--json");
      records = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as CallRecord);
      return records.some((record) => record.id === id);
    });
    expect(records.find((record) => record.id === id)).toMatchObject({
      application: "quickstart",
      service: "ai",
      provider: "simulated",
      modelAsked: "simulated/echo",
      status: 200,
      outcome: "ok",
    });
  });

  it("counts its calls at /metrics, over all workers", async () => {
    await Promise.all(Array.from({ length: 10 }, async () => (await tidegate.chat()).text()));
    const response = await fetch(`${tidegate.url}/v1/models`, { headers: { "x-api-key": tidegate.key } });
    expect(response.status).toBe(200);
    const metrics = await tidegate.metrics();
    const calls = metrics.get('tidegate_calls_total{service="ai",route="/v1/chat/completions",status="200"}');
    expect(calls).toBeGreaterThanOrEqual(10);
  });

  it("has a command line that explains itself", async () => {
    const { stdout } = await run(process.execPath, [join(REPOSITORY, "bin/tidegate.js"), "--help"]);
    for (const command of ["start", "check", "logs", "doctor"]) expect(stdout).toContain(command);
  });
});
