import { randomInt, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { missingSettings, usualPath } from "../../providers/base-url.ts";
import type { CatalogueEntry } from "../../providers/catalogue.ts";
import type { Problem } from "../problems/problem.ts";
import { parseUpstreamUrl } from "../schema/addresses.ts";
import { type Validation, validateValue } from "../validate.ts";
import type { Environment } from "./environment.ts";

export interface Quickstart {
  keyFile: string;
  key: string;
}

/** Problems of what was taken from the environment name their variable, not a place in a file. */
export const ENVIRONMENT = "environment";

/**
 * What is served when there is no configuration: the simulated provider, every provider whose key is in the
 * environment, and one application with a generated key that may call them.
 */
export function quickstartConfiguration(
  key: string,
  environment: Environment,
  catalogue: readonly CatalogueEntry[],
): Validation {
  const problems: Problem[] = [];
  const providers: object[] = [{ id: "simulated", kind: "simulated" }];
  for (const entry of catalogue) {
    const value = entry.envKey === null ? undefined : environment[entry.envKey]?.trim();
    if (!value) continue;
    if (!/^[\x21-\x7e]+$/.test(value)) {
      problems.push(environmentProblem(entry.envKey ?? "", "the key must not hold spaces or special characters"));
    }
    const baseUrl = overriddenBaseUrl(entry, environment, problems);
    const settings = settingsFrom(entry, environment);
    // Such keys are also there for other programs: without the rest of the address, this is not what they are for.
    if (baseUrl === null && missingSettings(entry, settings).length > 0) continue;
    providers.push({
      id: entry.kind,
      kind: entry.kind,
      keys: [{ id: ENVIRONMENT, value }],
      ...(Object.keys(settings).length === 0 ? {} : { settings }),
      // OpenAI itself has both of its APIs; a server at another address may have the older one alone.
      ...(baseUrl === null ? (entry.kind === "openai" ? { api: "both" } : {}) : { base_url: baseUrl }),
    });
  }
  if (problems.length > 0) return { configuration: null, problems, warnings: [] };
  const application = { id: "quickstart", team: "default", keys: [key], subscriptions: ["ai"] };
  const configuration = { version: 1, providers, applications: [application] };
  return validateValue(configuration, ENVIRONMENT, { catalogue, baseDirectory: process.cwd() });
}

/** Some variables hold a URL where the setting is its host. */
function settingsFrom({ settings = [] }: CatalogueEntry, environment: Environment): Record<string, string> {
  const given = settings.map(({ name, env }) => [name, env === undefined ? undefined : environment[env]?.trim()]);
  return Object.fromEntries(
    given.filter(([, value]) => value).map(([name, value]) => [name, value?.replace(/^https?:\/\/|\/+$/g, "")]),
  );
}

/** Official SDKs differ in whether the version path belongs to the variable: an origin alone gets the catalogue's path. */
function overriddenBaseUrl(entry: CatalogueEntry, environment: Environment, problems: Problem[]): string | null {
  const value = entry.envBaseUrl === null ? undefined : environment[entry.envBaseUrl]?.trim();
  if (!value || entry.envBaseUrl === null) return null;
  let url: string | undefined;
  try {
    url = parseUpstreamUrl(value);
  } catch {
    url = undefined;
  }
  if (url === undefined) {
    const message = "expected an http:// or https:// URL without credentials, query and fragment";
    problems.push(environmentProblem(entry.envBaseUrl, message));
    return null;
  }
  const hasPath = new URL(url).pathname !== "/";
  return hasPath || entry.baseUrl === null ? url : url + usualPath(entry);
}

export function environmentProblem(variable: string, message: string): Problem {
  return { file: ENVIRONMENT, line: 0, column: 0, path: variable, message, sourceLine: null };
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const KEY_CHARACTERS = 40;

/** `tg_` and 40 characters: 238 bits. */
export function generateKey(): string {
  let key = "tg_";
  for (let index = 0; index < KEY_CHARACTERS; index++) key += BASE62[randomInt(BASE62.length)];
  return key;
}

/** The key of the application `quickstart`: made on the first start, used again on later ones. Mode 0600. */
export async function quickstartKey(home: string): Promise<Quickstart> {
  const keyFile = join(home, "quickstart.key");
  await mkdir(home, { recursive: true });
  const existing = await readKey(keyFile);
  if (existing !== null) return { keyFile, key: existing };
  await createKey(keyFile);
  // Of two starts at the same time one made the file; both use what is in it.
  return { keyFile, key: (await readKey(keyFile)) ?? "" };
}

async function readKey(keyFile: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(keyFile, "utf8");
  } catch (error) {
    if (isErrorOf(error, "ENOENT")) return null;
    throw error;
  }
  if (/^tg_[0-9A-Za-z]{32,}$/.test(text.trim())) return text.trim();
  throw new Error(`${keyFile} holds no quickstart key; delete it to get a new one`);
}

/** Written beside and linked, so that nobody reads a half-written key, and an existing one is kept. */
async function createKey(keyFile: string): Promise<void> {
  const temporary = `${keyFile}.${randomUUID()}.tmp`;
  await writeFile(temporary, `${generateKey()}\n`, { flag: "wx", mode: 0o600 });
  try {
    await link(temporary, keyFile);
  } catch (error) {
    // Not every file system has hard links.
    if (!isErrorOf(error, "EEXIST")) await rename(temporary, keyFile);
  } finally {
    await rm(temporary, { force: true });
  }
}

function isErrorOf(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
