import { readTrimmed } from "../process-info.ts";
import { type Finding, ok, warn } from "./finding.ts";

interface Setting {
  name: string;
  /** What is wrong with the value; null when it is fine. */
  problem(value: string): string | null;
  remedy: string;
}

const MIN_BACKLOG = 1_024;
const MIN_PORTS = 20_000;
const MIN_FILES = 100_000;

const SETTINGS: readonly Setting[] = [
  {
    name: "net.core.somaxconn",
    problem: atLeast(MIN_BACKLOG, "bursts of new connections are dropped"),
    remedy: "sudo sysctl -w net.core.somaxconn=4096",
  },
  {
    name: "net.ipv4.tcp_max_syn_backlog",
    problem: atLeast(MIN_BACKLOG, "bursts of new connections are dropped"),
    remedy: "sudo sysctl -w net.ipv4.tcp_max_syn_backlog=4096",
  },
  {
    name: "net.ipv4.ip_local_port_range",
    problem(value) {
      const [from = 0, to = 0] = value.split(/\s+/).map(Number);
      return to - from >= MIN_PORTS ? null : "few ports for connections to upstreams";
    },
    remedy: 'sudo sysctl -w net.ipv4.ip_local_port_range="10240 65000"',
  },
  {
    name: "net.ipv4.tcp_migrate_req",
    problem: (value) => (value === "1" ? null : "connections being made while a worker is replaced may be reset"),
    remedy: "sudo sysctl -w net.ipv4.tcp_migrate_req=1",
  },
  {
    name: "fs.file-max",
    problem: atLeast(MIN_FILES, "the whole machine may run out of files"),
    remedy: "sudo sysctl -w fs.file-max=1000000",
  },
];

/** Linux settings that limit a gateway; elsewhere there is nothing to read. */
export function checkKernel(): Finding[] {
  if (process.platform !== "linux") return [];
  return SETTINGS.map(({ name, problem, remedy }) => {
    const value = readTrimmed(`/proc/sys/${name.replaceAll(".", "/")}`)?.replace(/\s+/g, " ") ?? null;
    if (value === null) return warn(name, "not there", "a kernel from 5.14 on has it; containers may hide it");
    const wrong = problem(value);
    return wrong === null ? ok(name, value) : warn(name, `${value}: ${wrong}`, remedy);
  });
}

function atLeast(minimum: number, consequence: string): (value: string) => string | null {
  return (value) => (Number(value) >= minimum ? null : consequence);
}
