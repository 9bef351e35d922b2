import type { DialectName } from "../contracts/ir.ts";
import type { ProviderEndpoints } from "../contracts/provider-endpoints.ts";
import type { ProviderQuirks } from "../contracts/provider-quirks.ts";
import type { PrefillSnapshot, ProviderAuth } from "../contracts/snapshot.ts";

/** What is known of a kind of provider before anybody configures one. */
export interface CatalogueEntry {
  /** The name configurations use. */
  kind: string;
  dialect: DialectName;
  transport: "http" | "simulated";
  /**
   * With the API's version path and without a trailing slash; null where there is no usual address. `{name}` stands for
   * a setting's value, `{name.host}` for the host that belongs to it.
   */
  baseUrl: string | null;
  /** Of what the address or the query is made, besides. Absent: nothing. */
  settings?: readonly ProviderSetting[];
  /** Parameters of every call, with `{name}` for a setting's value: those of settings that are not given are left out. */
  query?: Readonly<Record<string, string>>;
  /** How the `value` of a key is sent. */
  auth: ProviderAuth;
  /** What a key may be instead of a value. Absent: nothing else. */
  credentials?: readonly CredentialKind[];
  /** The name of the service in signatures of AWS. */
  awsService?: string;
  /** Sent with every call. Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** How it differs from its dialect. Absent: not at all. */
  quirks?: ProviderQuirks;
  /** Which of its models go on from the beginning of an answer, and how they are asked to. Absent: none is known to. */
  prefill?: PrefillSnapshot;
  /** What it has beside chats and embeddings. Absent: nothing. */
  endpoints?: ProviderEndpoints;
  /** Environment variable that holds the key by the provider's own convention; null: none. */
  envKey: string | null;
  /** Environment variable that overrides the address by the provider's own convention; null: none. */
  envBaseUrl: string | null;
  /** The name under which @pydantic/genai-prices knows the provider, or null. */
  priceProvider: string | null;
  /** Which of the priced models `GET /v1/models` lists by default; null: none. */
  listedModels: RegExp | null;
  /** Models listed beside those of the price list. */
  models: readonly string[];
  requiresKey: boolean;
  /** Where the provider describes its API: what is said here of it is from there. Absent: nowhere that is public. */
  docs?: string;
}

/** As the configuration names them, in a provider's `keys`. */
export type CredentialKind = "aws" | "service_account" | "entra";

/** A part of the address that differs from customer to customer. */
export interface ProviderSetting {
  name: string;
  /** For people. */
  description: string;
  /** Absent: it has to be given, unless `base_url` is, or `isOptional` says otherwise. */
  default?: string;
  isOptional?: true;
  /** Environment variable that holds it by the provider's own convention. */
  env?: string;
  /** The host that belongs to a value, where it does not follow from it; `*`: any other value, as `{value}`. */
  hosts?: Readonly<Record<string, string>>;
}

/** Everything that speaks OpenAI's Chat Completions and differs in its data alone. */
export function openaiCompatible(
  entry: Pick<CatalogueEntry, "kind" | "baseUrl" | "envKey"> & Partial<CatalogueEntry>,
): CatalogueEntry {
  return {
    dialect: "openai",
    transport: "http",
    auth: { type: "bearer" },
    headers: {},
    envBaseUrl: null,
    priceProvider: null,
    listedModels: null,
    models: [],
    requiresKey: entry.envKey !== null,
    ...entry,
  };
}

/** Of many Chinese providers there are two: one for China and one for elsewhere, with keys of their own. */
export function regions(china: string, international: string): ProviderSetting[] {
  return [
    {
      name: "region",
      description: "`international` or `china`: each has accounts and keys of its own",
      default: "international",
      hosts: { international, china },
    },
  ];
}

/** Servers that know `max_tokens` alone, and have no role `developer`. */
export const CLASSIC_CHAT: ProviderQuirks = {
  renamedFields: { max_completion_tokens: "max_tokens" },
  developerRole: false,
};

/**
 * Claude up to 4.5. Later models refuse a conversation that ends with the assistant's words
 * (https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6).
 */
export const CLAUDE_PREFILL: PrefillSnapshot = {
  models: "claude-(?:3|(?:opus|sonnet|haiku)-4(?:[-.][0-5])?(?:$|[-@:](?:\\d{8}|latest|v\\d)))",
};

/** It answers chats, and has no embeddings. */
export const CHAT_ALONE = { embeddings: null } as const;
