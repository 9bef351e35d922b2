import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePorts } from "../../helpers/ports.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** `TIDEGATE_LEAK_REQUESTS=1000000` looks longer. */
const REQUESTS = Number(process.env.TIDEGATE_LEAK_REQUESTS ?? 200_000);
const SECONDS_A_SAMPLE = 1;
/** Nothing is allocated in less than 32 bytes: what one request in eight loses shows. */
const MAX_MALLOC_BYTES_A_REQUEST = 4;
/** V8 takes and returns megabytes at a time: an object for each request shows. */
const MAX_OWN_BYTES_A_REQUEST = 128;
/** Some segments of the journal are kept for reuse; what so many calls write takes more. */
const MAX_MAPPED_BYTES = 32 * 1024 * 1024;
const KEY = "tg_leaks_0123456789";

const COMPLETION = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "model",
  choices: [{ index: 0, message: { role: "assistant", content: "Twice a day. ".repeat(30) }, finish_reason: "stop" }],
  usage: { prompt_tokens: 20, completion_tokens: 90, total_tokens: 110 },
});
const CHAT = JSON.stringify({ model: "provider/model", messages: [{ role: "user", content: "Tides? ".repeat(100) }] });

/** nginx as provider and as service: nothing else answers as many calls beside a gateway. */
async function startNginx(directory: string, port: number): Promise<void> {
  const home = join(directory, "nginx");
  mkdirSync(home);
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${home}/${name};`,
  );
  const configuration = join(home, "nginx.conf");
  writeFileSync(
    configuration,
    `daemon off; worker_processes 1; pid ${home}/pid; error_log ${home}/error.log;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000; ${places.join(" ")}
  server {
    listen 127.0.0.1:${port};
    location /v1/ { default_type application/json; return 200 '${COMPLETION}'; }
    location / { return 200 'ok'; }
  }
}`,
  );
  const nginx = spawn("nginx", ["-c", configuration, "-p", home], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(nginx, "exit");
  onTestFinished(async () => {
    nginx.kill();
    await ended;
  });
}

/** Half of the calls to a model, half to a service, always the same two. Returns how many there were. */
async function drive(port: number, directory: string, seconds: number): Promise<number> {
  const script = join(directory, "calls.lua");
  writeFileSync(
    script,
    `
local headers = { ["Authorization"] = "Bearer ${KEY}", ["Content-Type"] = "application/json" }
local calls, at = {}, 0
init = function()
  calls[0] = wrk.format("GET", "/service/one", headers)
  calls[1] = wrk.format("POST", "/v1/chat/completions", headers, '${CHAT}')
end
request = function()
  at = 1 - at
  return calls[at]
end
done = function(summary)
  local e = summary.errors
  io.write(string.format("RESULT %d %d\\n", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
`,
  );
  const args = ["-t1", "-c32", `-d${seconds}s`, "--timeout", "20s", "-s", script, `http://127.0.0.1:${port}`];
  const { stdout } = await promisify(execFile)("wrk", args);
  const [requests = 0, errors = -1] = /RESULT (\d+) (\d+)/.exec(stdout)?.slice(1).map(Number) ?? [];
  expect(errors).toBe(0);
  return requests;
}

interface Sample {
  requests: number;
  /** What the process alone holds, resident, V8's heap too. Pages of files come and go as the kernel likes. */
  ownBytes: number;
  /** Of that, what the main thread has of malloc. */
  mallocBytes: number;
  /** Of files, mapped: programs, counters, segments of the journal. */
  mappedBytes: number;
}

function sample(pid: number, requests: number): Sample {
  const own = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  const mappings = [...readFileSync(`/proc/${pid}/maps`, "utf8").matchAll(/^(\w+)-(\w+) .* \/.*$/gm)];
  const mappedBytes = mappings.reduce((sum, [, from, to]) => sum + Number(`0x${to}`) - Number(`0x${from}`), 0);
  const malloc = /^[^\n]* \[heap\]\n(?:Size|Kernel|MMU)[\s\S]*?^Rss:\s+(\d+) kB$/m.exec(
    readFileSync(`/proc/${pid}/smaps`, "utf8"),
  )?.[1];
  return { requests, ownBytes: Number(own) * 1024, mallocBytes: Number(malloc) * 1024, mappedBytes };
}

/**
 * Bytes that a request leaves behind: from the least of the first third of the samples to the least of the last. What V8 takes
 * until it collects is not in the least.
 */
function growth(samples: readonly Sample[], of: "ownBytes" | "mallocBytes"): number {
  const third = Math.floor(samples.length / 3);
  const least = (some: readonly Sample[]) => some.reduce((found, one) => (one[of] < found[of] ? one : found));
  const [first, last] = [least(samples.slice(0, third)), least(samples.slice(-third))];
  return (last[of] - first[of]) / (last.requests - first.requests);
}

describe("the memory of a gateway worker", () => {
  it(`does not grow over ${REQUESTS} requests`, { timeout: 600_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "tidegate-test-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
    const [upstreamPort = 0] = await freePorts(1);
    await startNginx(directory, upstreamPort);
    const url = `http://127.0.0.1:${upstreamPort}`;
    await waitFor(() => readFileSync(join(directory, "nginx/pid"), { encoding: "utf8", flag: "a+" }) !== "", "nginx");
    const limits = [{ requests: 100_000_000, window: "1m" }];
    const tidegate = await TidegateProcess.start({
      // JSON is YAML.
      config: JSON.stringify({
        version: 1,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Tidegate fills it in.
        listeners: [{ address: "127.0.0.1:${TIDEGATE_PORT}" }],
        providers: [
          { id: "provider", kind: "openai-compatible", base_url: `${url}/v1`, keys: [{ id: "main", value: "sk-x" }] },
        ],
        services: [{ id: "service", routes: [{ path: "/service" }], upstream: { targets: [{ url }] } }],
        applications: [{ id: "web", team: "default", keys: [KEY], subscriptions: ["ai", "service"], limits }],
      }),
    });
    onTestFinished(async () => void (await tidegate.stop()));
    const [pid = 0] = tidegate.gatewayPids();
    let requests = 0;
    const samples: Sample[] = [];
    while (requests < REQUESTS) {
      requests += await drive(tidegate.gatewayPort, directory, SECONDS_A_SAMPLE);
      samples.push(sample(pid, requests));
    }
    const [malloc, own] = [growth(samples, "mallocBytes"), growth(samples, "ownBytes")];
    const mapped = (samples.at(-1)?.mappedBytes ?? Number.NaN) - (samples[0]?.mappedBytes ?? Number.NaN);
    process.stdout.write(
      `${requests} requests: ${malloc.toFixed(2)} bytes each of malloc, ${own.toFixed(2)} in all; ${mapped} mapped\n`,
    );
    expect(malloc).toBeLessThan(MAX_MALLOC_BYTES_A_REQUEST);
    expect(own).toBeLessThan(MAX_OWN_BYTES_A_REQUEST);
    expect(mapped).toBeLessThan(MAX_MAPPED_BYTES);
  });
});
