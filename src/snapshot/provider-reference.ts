import { CATALOGUE, type CatalogueEntry } from "../providers/catalogue.ts";
import type { ProviderSetting } from "../providers/catalogue-entry.ts";

export const CATALOGUE_BEGIN = "<!-- catalogue:begin, generated from src/providers/catalogue by `npm run docs` -->";
export const CATALOGUE_END = "<!-- catalogue:end -->";

/** The page with the tables between its marks as the catalogue has them. */
export function withCatalogue(page: string): string {
  const begin = page.indexOf(CATALOGUE_BEGIN);
  const end = page.indexOf(CATALOGUE_END);
  if (begin < 0 || end < begin) throw new Error("the page has no marks between which the catalogue goes");
  return `${page.slice(0, begin)}${CATALOGUE_BEGIN}\n\n${tables()}\n${page.slice(end)}`;
}

function tables(): string {
  const rows = CATALOGUE.filter(({ transport }) => transport === "http");
  return ["| Kind | Address | Keys | Settings | Special |", "|---|---|---|---|---|", ...rows.map(row), ""].join("\n");
}

function row(entry: CatalogueEntry): string {
  const { kind, docs, baseUrl } = entry;
  const name = docs === undefined ? `\`${kind}\`` : `[\`${kind}\`](${encodeURI(docs)})`;
  const address = baseUrl === null ? "`base_url`" : `\`${baseUrl.replace(/\{(\w+)\.host\}/g, "{host of $1}")}\``;
  return `| ${[name, address, keysOf(entry), settingsOf(entry), quirksOf(entry)].join(" | ")} |`;
}

function keysOf({ auth, credentials = [], envKey, requiresKey }: CatalogueEntry): string {
  const sent = auth.type === "bearer" ? "bearer" : auth.type === "none" ? "none" : `\`${auth.name}\``;
  const ways = [requiresKey ? sent : `${sent}, if any`, ...credentials.map((kind) => `\`${kind}\``)].join(", or ");
  return envKey === null ? ways : `${ways}; \`${envKey}\``;
}

function settingsOf({ settings = [] }: CatalogueEntry): string {
  return settings.map(settingText).join("; ") || "–";
}

function settingText({ name, description, default: usual, isOptional, env }: ProviderSetting): string {
  const terms = [
    ...(usual === undefined ? [] : [`\`${usual}\` unless said`]),
    ...(isOptional === true ? ["optional"] : []),
    ...(env === undefined ? [] : [`\`${env}\``]),
  ];
  return `\`${name}\`: ${description}${terms.length === 0 ? "" : ` (${terms.join(", ")})`}`;
}

function quirksOf({ dialect, quirks = {} }: CatalogueEntry): string {
  const { renamedFields = {}, unsupportedFields = [], droppedFields = [], paths = {} } = quirks;
  const listed = (fields: readonly string[]) => fields.map((field) => `\`${field}\``).join(", ");
  const parts = [
    ...(dialect === "openai" ? [] : [`dialect \`${dialect}\``]),
    ...(paths.chat === null ? ["embeddings only"] : []),
    ...(paths.embeddings === null ? ["no embeddings"] : []),
    ...(unsupportedFields.length === 0 ? [] : [`refused: ${listed(unsupportedFields)}`]),
    ...(droppedFields.length === 0 ? [] : [`left out: ${listed(droppedFields)}`]),
    ...Object.entries(renamedFields).map(([field, other]) => `\`${field}\` is sent as \`${other}\``),
    ...(quirks.developerRole === false ? ["`developer` is sent as `system`"] : []),
    ...(quirks.toolCallIdLength === undefined
      ? []
      : [`ids of tool calls that are not ${quirks.toolCallIdLength} letters and digits are replaced`]),
    ...(quirks.streamOptions === false ? ["no `stream_options`"] : []),
  ];
  return parts.join("; ") || "–";
}
