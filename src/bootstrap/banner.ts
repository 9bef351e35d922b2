import type { FirstAdmin } from "../contracts/messages.ts";
import type { Quickstart } from "../snapshot/sources/quickstart.ts";
import type { Role } from "./worker-environment.ts";

export interface BannerFacts {
  version: string;
  gatewayAddresses: readonly string[];
  adminAddress: string;
  workers: number;
  role: Role;
  homeDirectory: string;
  configPath: string | null;
  quickstart: Quickstart | null;
  firstAdmin: FirstAdmin | null;
}

/** What `start` prints for people once everything serves. The quickstart key and the first password are the secrets in it. */
export function banner(facts: BannerFacts): string {
  const { version, workers, role, configPath, quickstart, adminAddress } = facts;
  const addresses = facts.gatewayAddresses.map(reachable);
  const admin = reachable(adminAddress);
  const lines = [
    "",
    `Tidegate ${version} is ready: ${workers} gateway ${workers === 1 ? "worker" : "workers"}`,
    "",
    ...(role === "control" ? [] : [`  Gateway        ${addresses.join("  ")}`]),
    ...(role === "gateway" ? [] : [`  Admin API      ${admin}/api/docs`]),
    `  Health         ${admin}/health/readiness`,
    `  Metrics        ${admin}/metrics`,
    `  Configuration  ${role === "gateway" ? "from Redis" : (configPath ?? "quickstart (no tidegate.yaml found)")}`,
    `  Data           ${facts.homeDirectory}`,
    "",
  ];
  if (facts.firstAdmin !== null) lines.push(...adminLines(facts.firstAdmin));
  if (quickstart !== null) lines.push(...quickstartLines(quickstart, addresses[0] ?? "http://127.0.0.1:8080"));
  return `${lines.join("\n")}\n`;
}

export function adminLines({ email, password }: FirstAdmin): string[] {
  if (password === null) return [`  First administrator: ${email}, with the password from TIDEGATE_ADMIN_PASSWORD`, ""];
  return ["  First administrator (the password is shown this once):", `    ${email}  ${password}`, ""];
}

function quickstartLines({ key, keyFile }: Quickstart, address: string): string[] {
  const body = '{"model":"simulated/echo","messages":[{"role":"user","content":"Hello, Tidegate!"}]}';
  return [
    `  Quickstart key (also in ${keyFile}):`,
    `    ${key}`,
    "",
    "  Try it:",
    `    curl ${address}/v1/chat/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '${body}'`,
    "",
  ];
}

/** An address that listens everywhere is reached on this machine by its loopback address. */
function reachable(address: string): string {
  return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}
