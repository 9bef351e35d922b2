import { isNativeAccelerationEnabled } from "msgpackr";
import { loadAddon } from "../../../native-bindings/load.ts";
import { uws as loadUws } from "../../data-plane/acceptor/engines/uws/library.ts";
import { readTrimmed } from "../process-info.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const WANTED_FILES = 16_384;
/** Before this no release of Tidegate existed: such a clock is wrong. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

/** uWebSockets.js ships binaries for these versions. */
export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const name = "Node.js";
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  if ((major === 20 && minor >= 20) || (major > 20 && major < 23)) return ok(name, detail);
  return fail(name, detail, "install Node.js 20.20 or later, or 22: the native HTTP server has no binary for others");
}

export function checkNativeParts(): Finding[] {
  const findings: Finding[] = [];
  try {
    loadAddon();
    findings.push(ok("native engine", "the addon of this build loads"));
  } catch (error) {
    const reason = error instanceof Error ? String((error.cause as Error | undefined)?.message ?? error.message) : "";
    const detail = `does not load: ${reason.split("\n", 1)[0]}`;
    const remedy = "install g++, make and python3 (Debian: apt-get install g++ make python3) and run `npm ci` again";
    findings.push(fail("native engine", detail, remedy));
  }
  try {
    loadUws();
    findings.push(ok("uWebSockets.js", "the binary for this platform loads"));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    findings.push(fail("uWebSockets.js", `does not load: ${reason}`, "run `npm ci` again with this Node.js version"));
  }
  findings.push(
    isNativeAccelerationEnabled
      ? ok("msgpackr-extract", "the native decoder loads")
      : warn("msgpackr-extract", "not there; the JavaScript decoder is used", "run `npm ci` without --omit=optional"),
  );
  return findings;
}

/** Node raises the soft limit to the hard one when it starts, so the hard one counts. */
export function checkFileLimits(): Finding {
  const name = "open files";
  const line = readTrimmed("/proc/self/limits")
    ?.split("\n")
    .find((each) => each.startsWith("Max open files"));
  const [soft, hard] = line?.slice("Max open files".length).trim().split(/\s+/) ?? [];
  if (soft === undefined || hard === undefined) return warn(name, "unknown", "check `ulimit -n`");
  const detail = `soft ${soft}, hard ${hard}`;
  if (hard === "unlimited" || Number(hard) >= WANTED_FILES) return ok(name, detail);
  const remedy =
    "raise it: `ulimit -n 65536`, LimitNOFILE=65536 in a systemd unit, or --ulimit nofile=65536 for Docker";
  return warn(name, `${detail}; each call needs two`, remedy);
}

export function checkClock(): Finding {
  const nowMs = Date.now();
  const time = new Date(nowMs).toISOString();
  if (nowMs >= EARLIEST_MS) return ok("clock", time);
  return fail("clock", `${time} lies in the past`, "set the clock: certificates and limits depend on it");
}
