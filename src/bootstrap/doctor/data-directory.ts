import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Home } from "../home.ts";
import { lockHolder } from "../lock.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const LOW_BYTES = 1024 ** 3;
const TOO_LOW_BYTES = 100 * 1024 ** 2;

export async function checkDataDirectory(home: Home): Promise<Finding[]> {
  const place = nearestExisting(home.directory);
  return [checkWritable(home, place), checkFreeSpace(place), checkHolder(home)];
}

function checkWritable(home: Home, place: string): Finding {
  const name = "data directory";
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
  } catch {
    return fail(name, `${home.directory} can't be written to`, "make it writable for this user, or set TIDEGATE_HOME");
  }
  return ok(name, place === home.directory ? place : `${home.directory} (is made by the first start)`);
}

function checkFreeSpace(place: string): Finding {
  const name = "free disk";
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB`;
  const remedy = "make room, or lower call_log's keep size: records are lost while the disk is full";
  if (free < TOO_LOW_BYTES) return fail(name, detail, remedy);
  return free < LOW_BYTES ? warn(name, detail, remedy) : ok(name, detail);
}

function checkHolder(home: Home): Finding {
  const holder = lockHolder(home);
  if (holder === null) return ok("running", "no supervisor on this data directory");
  return ok("running", `supervisor pid ${holder.pid} since ${new Date(holder.sinceMs).toISOString()}`);
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}
