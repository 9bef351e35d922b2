import { GatewayError } from "../../../../contracts/errors.ts";
import type { StoredEndpoint } from "../../../../contracts/provider-endpoints.ts";
import type { Snapshot } from "../../../../contracts/snapshot.ts";
import { endpointsOf } from "../../../../providers/endpoints.ts";

/** The header by which callers say at which provider something is to be kept. */
export const PROVIDER_HEADER = "x-tidegate-provider";

export type ProvidersWith = Readonly<Record<StoredEndpoint, readonly string[]>>;

export function providersWith({ providers }: Pick<Snapshot, "providers">): ProvidersWith {
  const having = (endpoint: StoredEndpoint) =>
    providers.filter(({ kind }) => endpointsOf(kind)?.[endpoint] !== undefined).map(({ id }) => id);
  return { files: having("files"), batches: having("batches"), responses: having("responses") };
}

/** The provider that is asked for, or the only one there is. Throws `invalid_request` that names those to choose from. */
export function chooseProvider(endpoint: StoredEndpoint, asked: string | undefined, having: ProvidersWith): string {
  const able = having[endpoint];
  if (asked === undefined && able.length === 1) return able[0] as string;
  if (asked !== undefined && able.includes(asked)) return asked;
  const names = able.map((id) => `\`${id}\``).join(", ");
  const choice = able.length === 0 ? `no provider here has ${endpoint}` : `the providers with ${endpoint} are ${names}`;
  const problem =
    asked === undefined ? `say in the header \`${PROVIDER_HEADER}\` which provider is meant` : `\`${asked}\` has none`;
  throw new GatewayError("invalid_request", able.length === 0 ? choice : `${problem}: ${choice}`, {
    param: PROVIDER_HEADER,
  });
}
