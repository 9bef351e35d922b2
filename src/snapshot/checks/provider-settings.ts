import { allowedSettings, missingSettings } from "../../providers/base-url.ts";
import type { CatalogueEntry } from "../../providers/catalogue-entry.ts";
import type { CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";

/** The settings that make up a provider's address. With an address of its own, none of them has to be there. */
export function checkProviderSettings(context: CheckContext, provider: Cursor, entry: CatalogueEntry): void {
  const { report, describe } = context;
  const settings = provider.at("settings");
  const known = entry.settings ?? [];
  for (const name of settings.keys()) {
    const setting = known.find((one) => one.name === name);
    if (setting === undefined) {
      const those = known.length === 0 ? "it has none" : `it has ${known.map((one) => one.name).join(", ")}`;
      report(settings.at(name).path, `not a setting of kind ${entry.kind}: ${those}`);
      continue;
    }
    const allowed = allowedSettings(setting);
    const value = settings.at(name).text();
    if (allowed === null || value === undefined || allowed.includes(value)) continue;
    const message = `expected one of ${allowed.join(", ")}; found ${describe(settings.at(name))}`;
    report(settings.at(name).path, message);
  }
  if (entry.baseUrl === null || provider.at("base_url").exists) return;
  const given = Object.fromEntries(settings.keys().map((name) => [name, ""]));
  for (const { name, description } of missingSettings(entry, given)) {
    report(provider.path, `kind ${entry.kind} needs \`settings: { ${name}: … }\` (${description}), or \`base_url\``);
  }
}
