import type { ApplicationSnapshot, ServiceSnapshot } from "../../contracts/snapshot.ts";

/** What the database adds to what the configuration says. */
export interface Additions {
  services: readonly ServiceSnapshot[];
  applications: readonly ApplicationSnapshot[];
}
