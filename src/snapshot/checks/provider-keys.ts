import type { CatalogueEntry, CredentialKind } from "../../providers/catalogue-entry.ts";
import { parseInstant } from "../schema/scalars.ts";
import type { CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { exactlyOne } from "./exactly-one.ts";

const CREDENTIALS: readonly CredentialKind[] = ["aws", "service_account", "entra"];

/** What the keys of a provider of that kind may be, and whether one of them can be used at all. */
export function checkProviderKeys(context: CheckContext, provider: Cursor, entry: CatalogueEntry): void {
  const { report, warn } = context;
  const keys = provider.at("keys").items();
  for (const key of keys) {
    if (typeof key.value !== "object" || key.value === null) continue;
    exactlyOne(context, key, ["value", ...CREDENTIALS]);
    for (const kind of CREDENTIALS) {
      if (!key.at(kind).exists || entry.credentials?.includes(kind)) continue;
      report(
        key.at(kind).path,
        `a provider of kind ${entry.kind} takes no such credentials: give its keys a \`value\``,
      );
    }
    if (key.at("aws").exists && !provider.at("settings", "region").exists) {
      report(key.at("aws").path, "signatures need the region: give `settings: { region: … }` to the provider");
    }
    for (const limit of key.at("limits").items()) exactlyOne(context, limit, ["requests", "tokens"]);
    const expiresAtMs = parseInstant(key.at("expires_at").value);
    if (expiresAtMs !== undefined && expiresAtMs <= Date.now()) {
      warn(key.at("expires_at").path, "the key has expired and is not used");
    }
  }
}
