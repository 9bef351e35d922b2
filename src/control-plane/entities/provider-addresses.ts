import ipaddr from "ipaddr.js";
import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import { isSafeUrl } from "../oidc/provider-fetch.ts";
import type { FieldProblem } from "../problem.ts";

/**
 * Where providers made over the admin API may be: keys go there, and what answers is handed to callers. In a file, whoever runs
 * the machine says where it reaches out to; here it is HTTPS to anywhere, HTTP on this machine, or to hosts that the operator has
 * listed (`TIDEGATE_PROVIDER_HOSTS`), and never the addresses where clouds hand out credentials of machines.
 */
export function addressFaults(hosts: readonly string[], { baseUrl, keys }: ProviderSnapshot): FieldProblem[] {
  const faults = baseUrl === "" ? [] : faultsOf(hosts, "base_url", baseUrl);
  for (const [index, { credential }] of keys.entries()) {
    if (credential?.type === "entra")
      faults.push(...faultsOf(hosts, `keys[${index}].entra.authority`, credential.tokenUrl));
    if (credential?.type === "service-account") {
      faults.push(...faultsOf(hosts, `keys[${index}].service_account`, credential.tokenUrl));
    }
  }
  return faults;
}

function faultsOf(hosts: readonly string[], path: string, text: string): FieldProblem[] {
  const url = new URL(text);
  if (isLinkLocal(url.hostname)) {
    return [{ path, message: `${url.hostname} is not an address that providers may have` }];
  }
  if (isSafeUrl(url) || hosts.some((pattern) => matches(pattern, url))) return [];
  const message = "expected https:// (http:// on this machine alone, or to hosts in TIDEGATE_PROVIDER_HOSTS)";
  return [{ path, message }];
}

/** Metadata services of clouds: AWS, Azure and Google at a link-local address, also by name. */
function isLinkLocal(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  if (host === "metadata" || host === "metadata.google.internal" || host === "instance-data") return true;
  if (!ipaddr.isValid(host)) return false;
  const address = ipaddr.process(host);
  return address.range() === "linkLocal" || address.toString() === "fd00:ec2::254" || host === "100.100.100.200";
}

/** `vllm.internal`, `10.1.2.3:8000`, `*.models.internal`. */
function matches(pattern: string, { hostname, host }: URL): boolean {
  if (pattern.startsWith("*.")) return hostname.endsWith(pattern.slice(1));
  return pattern === hostname || pattern === host;
}

/** Of the operator's variable. */
export function providerHosts(env: NodeJS.ProcessEnv): string[] {
  return (env.TIDEGATE_PROVIDER_HOSTS ?? "")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((host) => host !== "");
}
