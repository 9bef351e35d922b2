// Writes to `dist/code-cache` what V8 compiles of the bundle: a gateway starts, answers a call and ends, and each of its
// processes keeps what it has compiled by then. Where it can't be made, everything works and starts slower:
// src/docs/decisions/012-bundles.md.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedDataVersionTag } from "node:v8";

const BUNDLE = join(import.meta.dirname, "dist/bundle");
const CACHE = join(import.meta.dirname, "dist/code-cache");
const MADE_FOR = join(CACHE, "made-for");
const LIMIT_MS = 60_000;

/** Of all code, for this Node. */
function digestOfBundle() {
  const digest = createHash("sha256").update(`${process.version} ${cachedDataVersionTag()}`);
  for (const name of readdirSync(BUNDLE, { recursive: true }).sort()) {
    if (name.endsWith(".cjs")) digest.update(name).update(readFileSync(join(BUNDLE, name)));
  }
  return digest.digest("hex");
}

function madeFor() {
  try {
    return readFileSync(MADE_FOR, "utf8");
  } catch {
    return "";
  }
}

async function freePorts() {
  const servers = [createServer(), createServer()];
  await Promise.all(servers.map((server) => once(server.listen(0, "127.0.0.1"), "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

async function record() {
  const home = mkdtempSync(join(tmpdir(), "tidegate-code-cache-"));
  try {
    await recordIn(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function recordIn(home) {
  const [port, adminPort] = await freePorts();
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [join(BUNDLE, "src/cli/main.cjs"), "start", "--workers", "1"], {
    cwd: home,
    env: {
      PATH,
      HOME,
      TIDEGATE_HOME: home,
      TIDEGATE_PORT: String(port),
      TIDEGATE_ADMIN_PORT: String(adminPort),
      TIDEGATE_RECORD_CODE_CACHE: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const tooLong = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const ended = once(child, "close");
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  let printed = "";
  for await (const chunk of child.stdout) {
    printed += chunk;
    if (!printed.includes(" is ready: ")) continue;
    await call(home, port);
    child.kill("SIGTERM");
    break;
  }
  const [code, signal] = await ended;
  clearTimeout(tooLong);
  if (code !== 0) throw new Error(`tidegate start ended with ${signal ?? `exit code ${code}`}\n${said}`);
}

async function call(home, port) {
  const key = readFileSync(join(home, "quickstart.key"), "utf8").trim();
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ model: "simulated/echo", messages: [{ role: "user", content: "hello" }] }),
  });
  await response.text();
}

const wanted = digestOfBundle();
if (madeFor() !== wanted) {
  rmSync(CACHE, { recursive: true, force: true });
  try {
    await record();
    writeFileSync(MADE_FOR, wanted);
  } catch (error) {
    process.stderr.write(`no code cache was made, tidegate will start slower: ${error.message}\n`);
  }
}
