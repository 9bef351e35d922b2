import { readFileSync } from "node:fs";

export type Environment = Readonly<Record<string, string | undefined>>;

export type VaultAuth =
  | { method: "token"; token: string }
  | { method: "approle"; mount: string; roleId: string; secretId: string }
  | { method: "kubernetes"; mount: string; role: string; tokenFile: string };

export interface VaultOptions {
  address: URL;
  auth: VaultAuth;
  namespace: string | null;
  /** PEM; null: the authorities of the system. */
  ca: string | null;
}

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** Says which variable is wrong, and never what it holds. */
export class VaultOptionsError extends Error {}

/** From the variables that Vault's own tools read, and those for AppRole and Kubernetes. Throws VaultOptionsError. */
export function vaultOptions(env: Environment): VaultOptions {
  return {
    address: addressOf(env.VAULT_ADDR),
    auth: authOf(env),
    namespace: env.VAULT_NAMESPACE || null,
    ca: caOf(env.VAULT_CACERT),
  };
}

function addressOf(text: string | undefined): URL {
  if (!text) throw new VaultOptionsError("VAULT_ADDR is not set: it says where Vault is, e.g. https://vault:8200");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new VaultOptionsError("VAULT_ADDR: expected an http:// or https:// URL without credentials");
  }
  return url;
}

function authOf(env: Environment): VaultAuth {
  const { VAULT_TOKEN: token, VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId, VAULT_KUBERNETES_ROLE: role } = env;
  if (token) return { method: "token", token: token.trim() };
  if (roleId) {
    if (!secretId) throw new VaultOptionsError("VAULT_SECRET_ID is not set: AppRole needs it beside VAULT_ROLE_ID");
    return { method: "approle", mount: env.VAULT_APPROLE_MOUNT || "approle", roleId, secretId };
  }
  if (role) {
    const tokenFile = env.VAULT_KUBERNETES_TOKEN_FILE || SERVICE_ACCOUNT_TOKEN;
    return { method: "kubernetes", mount: env.VAULT_KUBERNETES_MOUNT || "kubernetes", role, tokenFile };
  }
  throw new VaultOptionsError(
    "nothing says how to sign in to Vault: set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, or VAULT_KUBERNETES_ROLE",
  );
}

function caOf(file: string | undefined): string | null {
  if (!file) return null;
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new VaultOptionsError("VAULT_CACERT: the file can't be read");
  }
}
