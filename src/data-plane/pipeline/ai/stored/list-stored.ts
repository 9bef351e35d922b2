import { GatewayError } from "../../../../contracts/errors.ts";
import type { StoredEndpoint } from "../../../../contracts/provider-endpoints.ts";
import type { JsonObject } from "../../../../dialects/checks.ts";
import { type FilesForm, formatPage, nextPage, translateFile } from "../../../../dialects/operations/files.ts";
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
const ANTHROPIC_PAGES = { most: 1000, usual: 20 };
/** Of Anthropic's API, which have no counterpart here. */
const ANTHROPIC_FIELDS = ["before_id", "ids", "ids[]", "scope_id"];

/** What the caller wants to see. */
interface Wanted {
  limit: number;
  /** The provider's id of the last one that the caller has; null: it begins. */
  after: string | null;
  /** null: whatever they are for. */
  purpose: string | null;
}

/** What a provider is asked for. */
interface Asked {
  query: URLSearchParams;
  /** It gives no pages from an object on: what comes before this one is passed over; null: nothing is. */
  from: string | null;
}

/**
 * A list holds what all applications have at the provider: pages of it are read until there is enough of this one's. Where it takes
 * too many, the caller gets what was found, and goes on after the last of it. `form`: of the caller's API.
 */
export function listStored(
  call: StoredCall,
  objects: StoredObjects,
  endpoint: StoredEndpoint,
  keeper: Keeper,
  form: FilesForm,
): void {
  const given = new URLSearchParams(call.context.exchange.query);
  const wanted = readWanted(given, endpoint, objects, form);
  const { query, from } = askedOf(given, wanted, endpoint, keeper.form, form);
  const keptBy = { provider: keeper.target.provider.id, keyTag: keyTagOf(keeper.key?.id ?? ""), before: 0 };
  const own: JsonObject[] = [];
  let isPast = from === null;
  let pages = 0;

  const take = (object: unknown): void => {
    if (isPast && objects.owns(endpoint, object)) {
      const seen = translateFile(objects.outward(object, keptBy), keeper.form, form);
      if (wanted.purpose === null || seen.purpose === wanted.purpose) own.push(seen);
    }
    if (!isPast && (object as JsonObject | null)?.id === from) isPast = true;
  };
  const readPage = (): void => {
    pages++;
    call.ask(keeper, { method: "GET", path: keeper.path, query: String(query), body: null }, (status, page) => {
      for (const object of Array.isArray(page.data) ? page.data : []) take(object);
      const next = nextPage(page, keeper.form);
      if (next !== null && own.length < wanted.limit && pages < MAX_PAGES) {
        query.set(...next);
        readPage();
        return;
      }
      const shown = own.slice(0, wanted.limit);
      const hasMore = own.length > wanted.limit || (next !== null && shown.length > 0);
      call.respond(keeper, status, formatPage(shown, hasMore, form));
    });
  };
  readPage();
}

/** Throws `unsupported_field` or `object_not_found`. */
function readWanted(given: URLSearchParams, endpoint: StoredEndpoint, objects: StoredObjects, form: FilesForm): Wanted {
  const isAnthropic = form === "anthropic";
  const { most, usual } = isAnthropic ? ANTHROPIC_PAGES : PAGES[endpoint];
  const refused = isAnthropic ? ANTHROPIC_FIELDS.find((name) => given.has(name)) : undefined;
  if (refused !== undefined) throw unsupported(refused, "is not offered for lists: leave it out");
  const limit = Number(given.get("limit") ?? usual);
  const cursor = isAnthropic && given.has("page") ? "page" : isAnthropic ? "after_id" : "after";
  const after = given.get(cursor);
  return {
    limit: Number.isInteger(limit) && limit >= 1 ? Math.min(limit, most) : usual,
    after: after === null || after === "" ? null : objects.find(after, cursor).id,
    purpose: isAnthropic ? null : given.get("purpose"),
  };
}

function askedOf(
  given: URLSearchParams,
  { limit, after }: Wanted,
  endpoint: StoredEndpoint,
  provider: FilesForm,
  caller: FilesForm,
): Asked {
  if (provider === "anthropic") {
    if (given.has("order")) throw unsupported("order", "is not offered for files of this provider: leave it out");
    return { query: new URLSearchParams({ limit: String(ANTHROPIC_PAGES.most) }), from: after };
  }
  const query = caller === "openai" ? given : new URLSearchParams();
  query.set("limit", String(Math.max(limit, Math.min(100, PAGES[endpoint].most))));
  if (after !== null) query.set("after", after);
  return { query, from: null };
}

function unsupported(param: string, problem: string): GatewayError {
  return new GatewayError("unsupported_field", `\`${param}\` ${problem}`, { param });
}
