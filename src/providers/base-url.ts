import type { CatalogueEntry, ProviderSetting } from "./catalogue-entry.ts";

export type SettingValues = Readonly<Record<string, string>>;

/** The values that hold: those given, and the entry's own for the others. */
export function withDefaults(entry: CatalogueEntry, given: SettingValues): SettingValues {
  const values: Record<string, string> = { ...given };
  for (const { name, default: usual } of entry.settings ?? []) {
    if (values[name] === undefined && usual !== undefined) values[name] = usual;
  }
  return values;
}

/** The entry's address with the settings in their places; "" where there is none. Every setting it needs has to be there. */
export function baseUrlOf(entry: CatalogueEntry, given: SettingValues): string {
  const values = withDefaults(entry, given);
  return (entry.baseUrl ?? "").replace(PLACEHOLDER, (_, name: string, wantsHost: string | undefined) => {
    const value = values[name] ?? "";
    return wantsHost === undefined ? value : hostOf(settingOf(entry, name), value);
  });
}

/** The entry's parameters, as they stand in a URL; "" where there are none. */
export function queryOf(entry: CatalogueEntry, given: SettingValues): string {
  const values = withDefaults(entry, given);
  return Object.entries(entry.query ?? {})
    .filter(([, value]) => placeholdersIn(value).every((name) => values[name] !== undefined))
    .map(([name, value]) => {
      const text = value.replace(PLACEHOLDER, (_, setting: string) => values[setting] ?? "");
      return `${encodeURIComponent(name)}=${encodeURIComponent(text)}`;
    })
    .join("&");
}

/** Settings without which there is no address. */
export function missingSettings(entry: CatalogueEntry, given: SettingValues): ProviderSetting[] {
  const values = withDefaults(entry, given);
  return (entry.settings ?? []).filter(({ name, isOptional }) => isOptional !== true && values[name] === undefined);
}

/** Values that a setting may have; null: any. */
export function allowedSettings({ hosts }: ProviderSetting): string[] | null {
  return hosts === undefined || hosts["*"] !== undefined ? null : Object.keys(hosts);
}

/** The path of the entry's address, "/" for none, even where its host is not known yet. */
export function usualPath(entry: CatalogueEntry): string {
  return (entry.baseUrl ?? "").replace(/^https?:\/\/[^/]*/, "") || "/";
}

export function placeholdersIn(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name]) => name ?? "");
}

function settingOf(entry: CatalogueEntry, name: string): ProviderSetting | undefined {
  return entry.settings?.find((setting) => setting.name === name);
}

function hostOf(setting: ProviderSetting | undefined, value: string): string {
  const { hosts = {} } = setting ?? {};
  return hosts[value] ?? (hosts["*"] ?? "{value}").replaceAll("{value}", value);
}

const PLACEHOLDER = /\{(\w+)(\.host)?\}/g;
