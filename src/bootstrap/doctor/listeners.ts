import { hostPort } from "../../platform/host-port.ts";
import { findSealer } from "../../platform/seal.ts";
import { loadConfiguration } from "../../snapshot/load.ts";
import { formatProblems } from "../../snapshot/problems/problem.ts";
import { createSnapshotStore } from "../../snapshot/store.ts";
import { adminAddress } from "../admin-address.ts";
import { resolveConfigPath } from "../config-path.ts";
import type { Home } from "../home.ts";
import { lockHolder } from "../lock.ts";
import { describeOwners, describeProblem, type PortOwner, probePort } from "../ports.ts";
import { parentOf } from "../process-info.ts";
import { type Finding, fail, ok } from "./finding.ts";

interface Address {
  use: string;
  host: string;
  port: number;
}

/** The ports `start` would open. A port held by the supervisor of this data directory is fine. */
export async function checkPorts(configPath: string | null, home: Home, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const resolved = await resolveConfigPath(configPath, env);
  const gateways = resolved === null ? await quickstartAddresses(home, env) : await addressesOf(resolved, home, env);
  if (!Array.isArray(gateways)) return [gateways];
  const findings: Finding[] = [];
  for (const address of [...gateways, { use: "admin", ...adminAddress(env) }]) {
    findings.push(await checkPort(address, lockHolder(home)?.pid ?? null));
  }
  return findings;
}

async function checkPort({ use, host, port }: Address, supervisorPid: number | null): Promise<Finding> {
  const name = `${use} port`;
  const at = hostPort(host, port);
  const probe = await probePort(host, port);
  if (probe.state === "free") return ok(name, `${at} is free`);
  if (probe.state === "busy" && isOwn(probe.owners, supervisorPid)) {
    return ok(name, `${at} is served by this installation`);
  }
  if (probe.state === "busy") {
    const detail = `${at} is in use${describeOwners(probe.owners)}`;
    return fail(name, detail, `stop that process, or choose another port (${variableOf(use)})`);
  }
  return fail(name, at, describeProblem(use, host, port, probe));
}

function variableOf(use: string): string {
  return use === "admin" ? "TIDEGATE_ADMIN_PORT" : "TIDEGATE_PORT, or listeners in the configuration";
}

function isOwn(owners: readonly PortOwner[], supervisorPid: number | null): boolean {
  return supervisorPid !== null && owners.length > 0 && owners.every(({ pid }) => parentOf(pid) === supervisorPid);
}

async function addressesOf(configPath: string, home: Home, env: NodeJS.ProcessEnv): Promise<Address[] | Finding> {
  const result = await loadConfiguration({ configPath, home: home.directory, env, version: 0 });
  if (!result.ok) {
    const [first] = result.problems;
    const detail = first === undefined ? configPath : (formatProblems([first]).split("\n", 1)[0] ?? configPath);
    return fail("configuration", detail, `\`tidegate check ${configPath}\` shows everything that is wrong`);
  }
  return result.snapshot.listeners.map(({ host, port }) => ({ use: "gateway", host, port }));
}

/** From what was served last, or the default: compiling the quickstart configuration would make its key. */
async function quickstartAddresses(home: Home, env: NodeJS.ProcessEnv): Promise<Address[]> {
  const cached = await createSnapshotStore(home.directory, () => findSealer(home.directory, env))
    .read()
    .catch(() => null);
  if (cached !== null) return cached.head.listeners.map(({ host, port }) => ({ use: "gateway", host, port }));
  return [{ use: "gateway", host: "0.0.0.0", port: Number(env.TIDEGATE_PORT || 8080) }];
}
