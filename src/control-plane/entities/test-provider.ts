import type { ProviderKeySnapshot } from "../../contracts/provider-keys.ts";
import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import { missingSecrets, withSecrets } from "../../snapshot/secrets/stored-references.ts";
import type { Actor } from "../access/actor.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { KeyTest } from "../provider-tests/test-key.ts";
import { testProviderKeys } from "../provider-tests/test-provider.ts";
import { keyRowsOf, requireDistinct } from "./provider-keys.ts";
import type { NewProvider } from "./providers.ts";
import { found, require } from "./rows.ts";
import { compiledProvider, keyDocument, refused, requireGoodProvider } from "./stored-provider.ts";

export interface TestOptions {
  /** Is called for a few tokens; null: the provider is asked for its models where it can be, which costs nothing. */
  model: string | null;
  /** null: all of them. */
  key: string | null;
}

export interface ProviderTest {
  ok: boolean;
  results: KeyTest[];
}

/** Of one that is there, in the database or in the configuration. */
export async function testProvider(
  plane: Plane,
  actor: Actor,
  id: string,
  options: TestOptions,
): Promise<ProviderTest> {
  require(actor, "provider.manage", null);
  return run(plane, actor, await providerToTest(plane, id), options);
}

/** Of one that is not saved. */
export function testNewProvider(
  plane: Plane,
  actor: Actor,
  { id, kind, keys = [], fields }: NewProvider,
  options: TestOptions,
): Promise<ProviderTest> {
  require(actor, "provider.manage", null);
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
  const documents = requireDistinct(keys).map((key) => keyDocument(key.id ?? "key", key.secret, key.terms));
  return run(plane, actor, requireGoodProvider(plane, { ...given, id, kind }, documents), options);
}

async function providerToTest(plane: Plane, id: string): Promise<ProviderSnapshot> {
  const row = await plane.db.selectFrom("providers").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) return found(plane.configured().providers.find((one) => one.id === id));
  const compiled = compiledProvider(plane.sealer, row, (await keyRowsOf(plane.db, id)).get(id) ?? []);
  if ("problems" in compiled) throw refused(compiled.problems);
  if (!compiled.isReady) throw new ProblemError("conflict", "the provider has no keys yet, or none that can be opened");
  return compiled.provider;
}

async function run(
  plane: Plane,
  actor: Actor,
  provider: ProviderSnapshot,
  options: TestOptions,
): Promise<ProviderTest> {
  const { model, key } = options;
  const keys = key === null ? provider.keys : [found(provider.keys.find(({ id }) => id === key))];
  const { whole, without } = await withTheirSecrets(plane, { ...provider, keys });
  const tested =
    whole === null || (whole.keys.length === 0 && keys.length > 0) ? [] : await testProviderKeys(whole, model);
  const results = [...tested, ...without].sort((one, other) => ((one.key ?? "") < (other.key ?? "") ? -1 : 1));
  const test: ProviderTest = { ok: results.every(({ ok }) => ok), results };
  await plane.change(actor, (change) =>
    change.audit({
      action: "provider.test",
      subjectType: "provider",
      subjectId: provider.id,
      teamId: null,
      before: null,
      after: { kind: provider.kind, address: provider.baseUrl, model, ...test },
    }),
  );
  return test;
}

/** References are resolved as for gateways; `without`: what can't be tested, for its secrets can't be had. */
async function withTheirSecrets(
  plane: Plane,
  provider: ProviderSnapshot,
): Promise<{ whole: ProviderSnapshot | null; without: KeyTest[] }> {
  const without: KeyTest[] = [];
  const { keys, ...rest } = provider;
  const unavailable = (key: string | null, message: string) => {
    const result = "secret_unavailable" as const;
    without.push({ key, ok: false, result, message, status: null, elapsed_ms: 0 });
  };
  const filled = async <Part extends object>(part: Part, key: string | null): Promise<Part | null> => {
    const references = missingSecrets(part);
    if (references.length === 0) return part;
    const reader = plane.secrets.readerFor("provider test");
    const resolved = await reader.resolve(references);
    const failure = resolved.find((one) => !one.ok);
    if (failure?.ok === false) {
      unavailable(key, `its secret can't be had: ${failure.message}`);
      return null;
    }
    let next = 0;
    return withSecrets(part, () => {
      const resolution = resolved[next++];
      return resolution?.ok === true ? resolution.value : "";
    });
  };
  const own = await filled(rest, null);
  if (own === null) return { whole: null, without };
  const good: ProviderKeySnapshot[] = [];
  for (const key of keys) {
    const one = await filled(key, key.id);
    if (one !== null) good.push(one);
  }
  return { whole: { ...own, keys: good }, without };
}
