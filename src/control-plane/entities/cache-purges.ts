import type { Actor } from "../access/actor.ts";
import type { Plane } from "../plane.ts";
import type { Connection } from "../storage/database.ts";
import { require } from "./rows.ts";
import { AI_SERVICE, serviceRow } from "./services.ts";

/**
 * Drops all that is stored of a service, in every worker of every machine: gateways get a number with their snapshot that is part of
 * the name of what they store.
 */
export function purgeCache(plane: Plane, actor: Actor, id: string): Promise<void> {
  return plane.change(actor, async (change) => {
    const teamId = id === AI_SERVICE ? null : (await serviceRow(change.trx, id)).team_id;
    if (teamId === null) require(actor, "setting.manage", null);
    else require(actor, "service.publish", teamId);
    await change.trx
      .insertInto("cache_purges")
      .values({ service_id: id, count: 1 })
      .onConflict((conflict) =>
        conflict.column("service_id").doUpdateSet(({ eb }) => ({ count: eb("cache_purges.count", "+", 1) })),
      )
      .execute();
    const subject = { subjectType: "service", subjectId: id, teamId };
    await change.audit({ action: "service.cache_purge", ...subject, before: null, after: null });
    change.touch({ kind: "service", id });
  });
}

export async function readCachePurges(db: Connection): Promise<Record<string, number>> {
  const rows = await db.selectFrom("cache_purges").selectAll().orderBy("service_id").execute();
  return Object.fromEntries(rows.map(({ service_id, count }) => [service_id, count]));
}
