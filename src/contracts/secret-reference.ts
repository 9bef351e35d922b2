/** Where a secret is kept, in place of the secret. */
export type SecretReference = SecretSource & {
  /** Put before what is found there, e.g. `Bearer `. */
  prefix?: string;
};

export type SecretSource =
  /** A variable of the control process's environment. */
  | { env: string }
  /** An absolute path; a line break at the end is not part of the secret. */
  | { file: string }
  /** A field of a secret in HashiCorp Vault's key/value store, its path as `vault kv get` takes it. */
  | { vault: { path: string; field: string } };

/** The same for every reference to one secret. */
export function secretKey(source: SecretSource): string {
  if ("env" in source) return `env ${source.env}`;
  if ("file" in source) return `file ${source.file}`;
  return `vault ${source.vault.path} ${source.vault.field}`;
}
