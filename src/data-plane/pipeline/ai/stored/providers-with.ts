import { GatewayError } from "../../../../contracts/errors.ts";
import type { StoredEndpoint } from "../../../../contracts/provider-endpoints.ts";
import type { Snapshot } from "../../../../contracts/snapshot.ts";
import { type FilesForm, filesFormOf } from "../../../../dialects/operations/files.ts";
import { endpointsOf } from "../../../../providers/endpoints.ts";

/** The header by which callers say at which provider something is to be kept. */
export const PROVIDER_HEADER = "x-tidegate-provider";

interface ProviderWith {
  id: string;
  form: FilesForm;
}

export type ProvidersWith = Readonly<Record<StoredEndpoint, readonly ProviderWith[]>>;

export function providersWith({ providers }: Pick<Snapshot, "providers">): ProvidersWith {
  const having = (endpoint: StoredEndpoint) =>
    providers.flatMap(({ id, kind }): ProviderWith[] => {
      const found = endpointsOf(kind)?.[endpoint];
      return found === undefined ? [] : [{ id, form: filesFormOf(found) }];
    });
  return { files: having("files"), batches: having("batches"), responses: having("responses") };
}

/**
 * The provider that is asked for, or the only one there is: of the caller's own API (`form`), or at all. Throws `invalid_request` that
 * names those to choose from.
 */
export function chooseProvider(
  endpoint: StoredEndpoint,
  asked: string | undefined,
  having: ProvidersWith,
  form: FilesForm,
): string {
  const able = having[endpoint];
  if (asked === undefined) {
    const own = able.filter((one) => one.form === form);
    const [only, ...others] = own.length === 1 ? own : able;
    if (only !== undefined && others.length === 0) return only.id;
  } else if (able.some(({ id }) => id === asked)) return asked;
  const names = able.map(({ id }) => `\`${id}\``).join(", ");
  const choice = able.length === 0 ? `no provider here has ${endpoint}` : `the providers with ${endpoint} are ${names}`;
  const problem =
    asked === undefined ? `say in the header \`${PROVIDER_HEADER}\` which provider is meant` : `\`${asked}\` has none`;
  throw new GatewayError("invalid_request", able.length === 0 ? choice : `${problem}: ${choice}`, {
    param: PROVIDER_HEADER,
  });
}
