import type { PassThroughRouteSnapshot, ProviderSnapshot } from "../../../contracts/snapshot.ts";
import type { KeyPool } from "../../provider-keys/key-pool.ts";
import type { AiRuntime } from "../ai/ai-runtime.ts";
import { basePathOf, compileProviderAddress, type ProviderAddress } from "../ai/provider-address.ts";
import { belowMount } from "../ai-mount.ts";

/** A provider whose API is offered as it is, below `/providers/{id}`. */
export interface PassedProvider extends ProviderAddress {
  readonly provider: ProviderSnapshot;
  readonly keys: KeyPool;
}

/** Those that pass anything through, by id. Once their keys are compiled. */
export function compilePassedProviders(
  providers: readonly ProviderSnapshot[],
  runtime: AiRuntime,
): ReadonlyMap<string, PassedProvider> {
  const passed = new Map<string, PassedProvider>();
  for (const provider of providers) {
    const keys = runtime.keyPools.get(provider.id);
    if (provider.passThrough === undefined || keys === undefined) continue;
    const address = compileProviderAddress(provider, keys, provider.timeouts.connectMs, runtime);
    passed.set(provider.id, { ...address, provider, keys });
  }
  return passed;
}

/** Of `mountOf`. */
const MOUNT_SEGMENTS = 2;

/** The beginning of the paths that lead to a provider. */
export function mountOf(provider: string): string {
  return `/providers/${provider}`;
}

/** The routes that lead to a provider; each also with the path of its base URL in front, for SDKs that have it. */
export function passThroughRoutes({ id, baseUrl, passThrough = [] }: ProviderSnapshot): PassThroughRouteSnapshot[] {
  const base = basePathOf(baseUrl);
  return passThrough.flatMap((route) => {
    const paths = base === "" ? [route.path] : [route.path, base + route.path];
    return paths.map((path) => ({ ...route, path: mountOf(id) + path }));
  });
}

/**
 * The path to call the provider by. What follows the mount is below the provider's base URL; SDKs that have the base URL's own
 * path (`/v1`) in theirs send it once more, and it stays once.
 */
export function providerPath(pathPrefix: string, path: string): string {
  // By segments: encoded characters make the same mount longer.
  const rest = belowMount(path, MOUNT_SEGMENTS);
  const hasPrefix = pathPrefix === "" || rest === pathPrefix || rest.startsWith(`${pathPrefix}/`);
  return hasPrefix ? rest || "/" : pathPrefix + rest;
}
