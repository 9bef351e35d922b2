/**
 * Policies as they are attached to an organisation, a team, an application, a service, a route or a subscription: plain data.
 * What is absent is not said there; `null` says that what a more general level has does not hold.
 */
export interface PoliciesSnapshot {
  addresses?: AddressPolicySnapshot;
  requestHeaders?: HeaderEditsSnapshot;
  responseHeaders?: HeaderEditsSnapshot;
  maxBodyBytes?: number;
}

/** Where policies are attached, from the most general to the most specific (src/docs/policies.md). */
export const POLICY_LEVELS = ["organisation", "team", "application", "service", "route", "subscription"] as const;
export type PolicyLevel = (typeof POLICY_LEVELS)[number];

/** From where calls are let in. Addresses and CIDR ranges. */
export interface AddressPolicySnapshot {
  /** null: any that `deny` does not name. */
  allow: string[] | null;
  /** Wins over `allow`. */
  deny: string[];
}

export interface HeaderEditsSnapshot {
  /** Lower-case names. */
  add: [string, string][];
  set: [string, string][];
  remove: string[];
}
