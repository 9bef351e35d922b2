import type { StoredEndpoint } from "../../../../contracts/provider-endpoints.ts";
import { isObject, type JsonObject } from "../../../../dialects/checks.ts";
import { keyTagOf } from "./object-ids.ts";
import type { Keeper, StoredCall } from "./stored-call.ts";
import type { StoredObjects } from "./stored-objects.ts";

/** Pages of the provider that one call looks through. */
const MAX_PAGES = 20;
/** As many as the APIs give at once, and give where nothing is said. */
const PAGES: Record<StoredEndpoint, { most: number; usual: number }> = {
  files: { most: 10_000, usual: 10_000 },
  batches: { most: 100, usual: 20 },
  responses: { most: 100, usual: 20 },
};

/**
 * A list holds what all applications have at the provider: pages of it are read until there is enough of this one's. Where it takes
 * too many, the caller gets what was found, and goes on after the last of it.
 */
export function listStored(call: StoredCall, objects: StoredObjects, endpoint: StoredEndpoint, keeper: Keeper): void {
  const asked = new URLSearchParams(call.context.exchange.query);
  const { most, usual } = PAGES[endpoint];
  const given = Number(asked.get("limit") ?? usual);
  const limit = Number.isInteger(given) && given >= 1 ? Math.min(given, most) : usual;
  const after = asked.get("after");
  asked.set("limit", String(Math.max(limit, Math.min(100, most))));
  if (after !== null) asked.set("after", objects.find(after, "after").id);
  const from = { provider: keeper.target.provider.id, keyTag: keyTagOf(keeper.key?.id ?? "") };
  const own: JsonObject[] = [];
  let pages = 0;

  const readPage = (): void => {
    pages++;
    call.ask(keeper, { method: "GET", path: keeper.path, query: String(asked), body: null }, (status, page) => {
      const data = Array.isArray(page.data) ? page.data : [];
      const last: unknown = data.at(-1);
      own.push(...data.filter((object) => objects.owns(endpoint, object)));
      const hasMore = page.has_more === true && isObject(last) && typeof last.id === "string";
      if (hasMore && own.length < limit && pages < MAX_PAGES) {
        asked.set("after", (last as { id: string }).id);
        readPage();
        return;
      }
      const shown = own.slice(0, limit).map((object) => objects.outward(object, from));
      call.respond(keeper, status, {
        object: "list",
        data: shown,
        first_id: shown[0]?.id ?? null,
        last_id: shown.at(-1)?.id ?? null,
        has_more: own.length > limit || (hasMore && shown.length > 0),
      });
    });
  };
  readPage();
}
