/** What a machine does: `gateway` serves what `control` compiles elsewhere, `all` does both. */
export const ROLES = ["all", "gateway", "control"] as const;
export type Role = (typeof ROLES)[number];

/** What the supervisor tells a worker before it runs: variables of its own, beside those the user has set. */
export interface WorkerEnvironment {
  homeDirectory: string;
  /** null: the quickstart configuration. */
  configPath: string | null;
  /** From 1; 0 for the control process. */
  slot: number;
  role: Role;
  /** Another process serves in the slot until this one does. */
  isReplacement: boolean;
}

export function toVariables(environment: WorkerEnvironment): Record<string, string> {
  return {
    TIDEGATE_HOME: environment.homeDirectory,
    TIDEGATE_CONFIG: environment.configPath ?? "",
    TIDEGATE_SLOT: String(environment.slot),
    TIDEGATE_ROLE: environment.role,
    TIDEGATE_IS_REPLACEMENT: environment.isReplacement ? "1" : "",
  };
}

export function fromVariables(env: NodeJS.ProcessEnv): WorkerEnvironment {
  const { TIDEGATE_HOME: homeDirectory, TIDEGATE_CONFIG: configPath, TIDEGATE_SLOT: slot } = env;
  if (!homeDirectory || slot === undefined) throw new Error("workers are started by `tidegate start`, not by hand");
  const role = ROLES.find((one) => one === env.TIDEGATE_ROLE) ?? "all";
  const isReplacement = env.TIDEGATE_IS_REPLACEMENT === "1";
  return { homeDirectory, configPath: configPath || null, slot: Number(slot), role, isReplacement };
}
