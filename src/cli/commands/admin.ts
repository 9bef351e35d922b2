import type { Command } from "commander";
import type { Finish } from "../command.ts";
import { adminPasswordCommand } from "./admin-password.ts";
import { applyCommand } from "./apply.ts";
import { auditCommand } from "./audit.ts";
import { exportCommand } from "./export.ts";
import { keysCommand } from "./keys.ts";
import { loginCommand } from "./login.ts";
import { logoutCommand } from "./logout.ts";
import { releasesCommand } from "./releases.ts";
import { servicesCommand } from "./services.ts";
import { subscriptionsCommand } from "./subscriptions.ts";
import { teamsCommand } from "./teams.ts";
import { usersCommand } from "./users.ts";
import { whoamiCommand } from "./whoami.ts";

/** The commands that speak to the admin API, in the order of the help. */
export const ADMIN_COMMANDS: readonly ((finish: Finish) => Command)[] = [
  loginCommand,
  logoutCommand,
  whoamiCommand,
  applyCommand,
  exportCommand,
  servicesCommand,
  releasesCommand,
  subscriptionsCommand,
  keysCommand,
  teamsCommand,
  usersCommand,
  auditCommand,
  adminPasswordCommand,
];
