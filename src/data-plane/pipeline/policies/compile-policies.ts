import type {
  CachePolicySnapshot,
  HeaderEditsSnapshot,
  MirrorSnapshot,
  PoliciesSnapshot,
  PolicyLevel,
} from "../../../contracts/policies.ts";
import { type AddressList, compileAddressList } from "./address-list.ts";
import { type CompiledCors, compileCors } from "./cors.ts";
import { composeEdits } from "./header-edits.ts";
import { type CompiledMock, compileMock } from "./mock.ts";
import { type CompiledRequestSchema, compileRequestSchema } from "./request-schema.ts";

/** What one level says of a call. */
export interface PolicyLayer {
  readonly level: PolicyLevel;
  readonly policies: PoliciesSnapshot;
}

/** What all levels together say of a call. Made once for a snapshot: nothing of it depends on a request. */
export interface CompiledPolicies {
  /** All of them must let the caller in. */
  readonly addressLists: readonly AddressList[];
  /** With the service's own; null: there are no others. */
  readonly edits: { readonly request: HeaderEditsSnapshot; readonly response: HeaderEditsSnapshot } | null;
  /** null: what the upstream says holds. */
  readonly cors: CompiledCors | null;
  /** What request bodies have to be; null: anything. */
  readonly requestSchema: CompiledRequestSchema | null;
  /** Where copies go; null: nowhere. */
  readonly mirror: MirrorSnapshot | null;
  /** Answers in the upstream's place; null: the upstream does. */
  readonly mock: CompiledMock | null;
  /** Which answers are kept and given again; null: none. */
  readonly cache: CachePolicySnapshot | null;
  /** The fast path can do as they say. */
  readonly isNative: boolean;
}

/** null: nothing but what the service itself says of headers and sizes. `layers`: from the most general to the most specific. */
export function compilePolicies(layers: readonly PolicyLayer[]): CompiledPolicies | null {
  const addressLists = layers.flatMap(({ level, policies: { addresses } }) =>
    addresses === undefined ? [] : [compileAddressList(addresses, level)],
  );
  const edits = compileEdits(layers);
  const corsPolicy = mostSpecific(layers, "cors");
  const cors = corsPolicy === null ? null : compileCors(corsPolicy);
  const mockPolicy = mostSpecific(layers, "mock");
  const mock = mockPolicy === null ? null : compileMock(mockPolicy);
  const schemaPolicy = mostSpecific(layers, "requestSchema");
  const requestSchema = schemaPolicy === null ? null : compileRequestSchema(schemaPolicy);
  const mirror = mostSpecific(layers, "mirror");
  const cache = mostSpecific(layers, "cache");
  const inStages = [mock, requestSchema, mirror, cache].some((one) => one !== null) || addressLists.length > 0;
  if (!inStages && edits === null && cors === null) return null;
  const isNative = !inStages && (cors === null || cors.fixed !== null);
  return { addressLists, edits, cors, requestSchema, mirror, mock, cache, isNative };
}

/** Of kinds of which one holds: the most specific level that says anything. */
export function mostSpecific<Kind extends keyof PoliciesSnapshot>(
  layers: readonly PolicyLayer[],
  kind: Kind,
): Exclude<PoliciesSnapshot[Kind], undefined> | null {
  for (let i = layers.length - 1; i >= 0; i--) {
    const value = layers[i]?.policies[kind];
    if (value !== undefined) return value as Exclude<PoliciesSnapshot[Kind], undefined>;
  }
  return null;
}

function compileEdits(layers: readonly PolicyLayer[]): CompiledPolicies["edits"] {
  const edited = layers.filter(
    ({ policies }) => policies.requestHeaders !== undefined || policies.responseHeaders !== undefined,
  );
  if (edited.every(({ level }) => level === "service")) return null;
  return {
    request: composeEdits(edited.flatMap(({ policies }) => policies.requestHeaders ?? [])),
    response: composeEdits(edited.flatMap(({ policies }) => policies.responseHeaders ?? [])),
  };
}
