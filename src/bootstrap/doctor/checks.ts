import { homeAt, homeDirectory } from "../home.ts";
import { checkDataDirectory } from "./data-directory.ts";
import type { Finding } from "./finding.ts";
import { checkKernel } from "./kernel.ts";
import { checkPorts } from "./listeners.ts";
import { checkRedis } from "./redis.ts";
import { checkClock, checkFileLimits, checkNativeParts, checkNode } from "./runtime.ts";

export type { Finding } from "./finding.ts";

export interface DoctorOptions {
  configPath: string | null;
  env: NodeJS.ProcessEnv;
}

/** All checks in the order in which they are shown. None of them changes anything. */
export async function runChecks({ configPath, env }: DoctorOptions): Promise<Finding[]> {
  const home = homeAt(homeDirectory(env));
  return [
    checkNode(),
    ...(await checkNativeParts()),
    checkFileLimits(),
    ...checkKernel(),
    ...(await checkDataDirectory(home)),
    ...(await checkPorts(configPath, home, env)),
    ...(await checkRedis(env)),
    checkClock(),
  ];
}
