import type { PoliciesSnapshot } from "../../contracts/policies.ts";
import type {
  ApplicationSnapshot,
  JwtIssuerSnapshot,
  ModelRouteSnapshot,
  ProviderSnapshot,
  ServiceSnapshot,
  TeamSnapshot,
} from "../../contracts/snapshot.ts";

/** What the database adds to what the configuration says. */
export interface Additions {
  /** Of the organisation; absent: none. */
  policies?: PoliciesSnapshot;
  /** Those that have policies. */
  teams: readonly TeamSnapshot[];
  services: readonly ServiceSnapshot[];
  applications: readonly ApplicationSnapshot[];
  /** Absent: none. */
  jwtIssuers?: readonly JwtIssuerSnapshot[];
  /** Absent: none. */
  providers?: readonly ProviderSnapshot[];
  models?: readonly ModelRouteSnapshot[];
  /** By service; absent: none. */
  cachePurges?: Readonly<Record<string, number>>;
}
