import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { hostPort } from "../platform/host-port.ts";
import { EXIT, StartError } from "./exit-codes.ts";
import { commandOf } from "./process-info.ts";

export interface PortOwner {
  pid: number;
  command: string | null;
}

export type PortState =
  | { state: "free" }
  /** `owners` is empty where /proc does not tell (another user's process). */
  | { state: "busy"; owners: PortOwner[] }
  | { state: "forbidden" }
  | { state: "error"; message: string };

/**
 * Binds the address exclusively for a moment. Gateways share their ports (SO_REUSEPORT), so without this check a second
 * gateway would silently take half of the first one's connections.
 */
export async function probePort(host: string, port: number): Promise<PortState> {
  const bound = await bind(host, port);
  if (bound instanceof Error) return stateOf(bound, port);
  await closed(bound);
  return { state: "free" };
}

function stateOf(error: NodeJS.ErrnoException, port: number): PortState {
  if (error.code === "EADDRINUSE") return { state: "busy", owners: ownersOf(port) };
  if (error.code === "EACCES") return { state: "forbidden" };
  return { state: "error", message: error.message };
}

function bind(host: string, port: number): Promise<Server | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

interface Address {
  host: string;
  port: number;
}

/**
 * Everything that a start listens on has to be free, and the admin API's address none of the gateway's. Throws as
 * requirePort does. `tolerated`: pids that may hold those of the gateway.
 */
export async function requirePorts(
  listeners: readonly Address[],
  admin: Address,
  tolerated: ReadonlySet<number>,
): Promise<void> {
  await requirePort("admin", admin.host, admin.port, new Set());
  const held = admin.port === 0 ? null : await bind(admin.host, admin.port);
  try {
    for (const { host, port } of listeners) {
      // Held by this very process: whatever the two addresses are called, they overlap.
      if (port !== 0 && port === admin.port && (await probePort(host, port)).state === "busy") {
        throw new StartError(EXIT.portInUse, describeOverlap({ host, port }, admin));
      }
      await requirePort("gateway", host, port, tolerated);
    }
  } finally {
    if (held !== null && !(held instanceof Error)) await closed(held);
  }
}

function describeOverlap(gateway: Address, admin: Address): string {
  const addresses = `gateway address ${hostPort(gateway.host, gateway.port)} and admin address ${hostPort(admin.host, admin.port)}`;
  return `${addresses} are the same; choose another port for one of them (the admin API's is TIDEGATE_ADMIN_PORT)`;
}

/** Throws StartError `portInUse`, `noPermission` or `failed`, with what to do about it. `tolerated`: pids that may hold it. */
export async function requirePort(
  use: string,
  host: string,
  port: number,
  tolerated: ReadonlySet<number>,
): Promise<void> {
  if (port === 0) return;
  const probe = await probePort(host, port);
  if (probe.state === "free") return;
  if (probe.state === "busy" && probe.owners.length > 0 && probe.owners.every(({ pid }) => tolerated.has(pid))) return;
  throw new StartError(exitCodeOf(probe), describeProblem(use, host, port, probe));
}

function exitCodeOf(probe: PortState) {
  if (probe.state === "busy") return EXIT.portInUse;
  return probe.state === "forbidden" ? EXIT.noPermission : EXIT.failed;
}

export function describeProblem(use: string, host: string, port: number, probe: PortState): string {
  const address = hostPort(host, port);
  if (probe.state === "busy") {
    return `${use} address ${address} is in use${describeOwners(probe.owners)}; stop that process or choose another port`;
  }
  if (probe.state === "forbidden") {
    return (
      `${use} address ${address}: permission denied. Ports below 1024 need a privilege: choose a port above, ` +
      "or allow it with `sudo sysctl net.ipv4.ip_unprivileged_port_start=80`, " +
      'or `sudo setcap cap_net_bind_service=+ep "$(readlink -f "$(command -v node)")"`'
    );
  }
  if (probe.state === "error") return `${use} address ${address} can't be used: ${probe.message}`;
  return `${use} address ${address} is free`;
}

export function describeOwners(owners: readonly PortOwner[]): string {
  if (owners.length === 0) return " (by a process of another user)";
  const [first] = owners;
  const more = owners.length > 1 ? ` and ${owners.length - 1} more` : "";
  return ` by pid ${first?.pid}${first?.command == null ? "" : ` (${cut(first.command)})`}${more}`;
}

/** In the middle: which program it is stands at the beginning, and what it runs mostly at the end. */
function cut(command: string): string {
  return command.length > 100 ? `${command.slice(0, 40)}…${command.slice(-59)}` : command;
}

/** The processes that listen on a TCP port, as far as this user may look. */
export function ownersOf(port: number): PortOwner[] {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return [];
  const owners: PortOwner[] = [];
  for (const entry of listDirectory("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    if (holdsSocket(pid, inodes)) owners.push({ pid, command: commandOf(pid) });
  }
  return owners;
}

/** proc(5): `sl local_address rem_address st … inode`; addresses are hexadecimal, state 0A is LISTEN. */
function listeningInodes(port: number): Set<string> {
  const inodes = new Set<string>();
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    let text: string;
    try {
      text = readFileSync(table, "utf8");
    } catch {
      continue;
    }
    for (const line of text.split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === "0A" && fields[1]?.endsWith(wanted)) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  return inodes;
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  for (const descriptor of listDirectory(`/proc/${pid}/fd`)) {
    try {
      if (inodes.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`))) return true;
    } catch {
      // Closed since it was listed.
    }
  }
  return false;
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
