import { SealError } from "../../platform/seal.ts";

/** As they are given: `keys` or `jwk_set`, or neither where they are fetched. */
export interface TokenIssuerKeys {
  keys?: readonly TokenIssuerKey[] | undefined;
  /** RFC 7517 §5. */
  jwk_set?: JwkSet | undefined;
}

interface TokenIssuerKey {
  id?: string | undefined;
  secret?: string | undefined;
  secret_base64?: string | undefined;
  public_key?: string | undefined;
}

interface JwkSet {
  keys: readonly Readonly<Record<string, unknown>>[];
}

/** The same without what is secret; null: they are given in another way, or can't be opened. */
export interface ShownKeys {
  keys: { id: string | null; public_key: string | null; has_secret: boolean }[] | null;
  jwk_set: JwkSet | null;
}

export function shownKeys(open: () => TokenIssuerKeys): ShownKeys {
  const { keys, jwk_set } = opened(open);
  return {
    keys:
      keys?.map(({ id = null, public_key = null }) => ({ id, public_key, has_secret: public_key === null })) ?? null,
    jwk_set: jwk_set === undefined ? null : { keys: jwk_set.keys.map(({ k: _secret, ...shown }) => shown) },
  };
}

/** Sealed with a master key that is missing, it is to be seen all the same, and given other keys. */
function opened(open: () => TokenIssuerKeys): TokenIssuerKeys {
  try {
    return open();
  } catch (error) {
    if (error instanceof SealError) return {};
    throw error;
  }
}
