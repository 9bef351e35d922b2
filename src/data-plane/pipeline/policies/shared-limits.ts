import type { LimitSnapshot } from "../../../contracts/policies.ts";
import type { RouteSnapshot, Snapshot } from "../../../contracts/snapshot.ts";
import { type CompiledLimit, compileLimits } from "../compiled.ts";

/**
 * Limits of the organisation, of teams and of routes, by where they are counted: with the calling application's, or with those of
 * the service that is called. The stages and the fast path know no other places.
 */
export class SharedLimits {
  /** Of the organisation, for every call. */
  readonly ofCalls: readonly CompiledLimit[];
  readonly #perTeam: readonly LimitSnapshot[];
  readonly #teams: ReadonlyMap<string, readonly LimitSnapshot[]>;
  readonly #ofTeams = new Map<string, readonly CompiledLimit[]>();

  constructor({ policies, teams = [] }: Pick<Snapshot, "policies" | "teams">) {
    const all = policies?.limits ?? [];
    this.ofCalls = compileLimits(
      all.filter(({ per }) => per !== "team"),
      "organisation",
      "organisation",
    );
    this.#perTeam = all.filter(({ per }) => per === "team");
    this.#teams = new Map(teams.map((team) => [team.id, team.policies.limits ?? []]));
  }

  /** For the calls of the team's applications. One list for all of them. */
  ofTeam(team: string): readonly CompiledLimit[] {
    let limits = this.#ofTeams.get(team);
    if (limits === undefined) {
      limits = [
        ...compileLimits(this.#teams.get(team) ?? [], "team", `team ${team}`, { team }),
        ...compileLimits(this.#perTeam, "organisation", "organisation", { team }),
      ];
      this.#ofTeams.set(team, limits);
    }
    return limits;
  }
}

/** Counted for a service's releases together, as the service's own are. */
export function routeLimits(service: string, { id, policies }: RouteSnapshot): CompiledLimit[] {
  return compileLimits(policies?.limits ?? [], "route", `route ${service} ${id}`);
}
