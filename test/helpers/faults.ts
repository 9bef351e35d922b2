import { afterAll, afterEach, beforeAll } from "vitest";
import { baseYaml, startGateway, type TestGateway } from "./gateway.ts";
import type { SimulatedProvider } from "./providers/http-provider.ts";
import { type ProviderName, providersYaml, startProviders } from "./unified-api.ts";

export interface FaultFixture {
  readonly at: TestGateway;
  readonly providers: Record<ProviderName, SimulatedProvider>;
}

/** Registers the hooks for one gateway per file, with these lines of `models:` over all simulated providers. */
export function useFaults(models: string): FaultFixture {
  let providers: Record<ProviderName, SimulatedProvider> | null = null;
  let gateway: TestGateway | null = null;
  beforeAll(async () => {
    providers = await startProviders();
    gateway = await startGateway(baseYaml(`${providersYaml(providers)}\nmodels:${models}`));
  });
  afterEach(() => {
    for (const provider of Object.values(providers ?? {})) provider.reset();
  });
  afterAll(async () => {
    await gateway?.close();
    await Promise.all(Object.values(providers ?? {}).map((provider) => provider.close()));
  });
  const there = <Value>(value: Value | null): Value => {
    if (value === null) throw new Error("the gateway is started before the first test, not before that");
    return value;
  };
  return {
    get at() {
      return there(gateway);
    },
    get providers() {
      return there(providers);
    },
  };
}
