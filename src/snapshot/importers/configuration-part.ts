import type { Access } from "../../contracts/snapshot.ts";

/**
 * What importers make: a part of `tidegate.yaml` as somebody would write it, before defaults and units are applied. The
 * schema in `../schema/` says what each key means; texts may hold `${VARIABLE}`.
 */
export interface ConfigurationPart {
  version: 1;
  listeners?: ListenerPart[];
  trusted_proxies?: string[];
  providers?: ProviderPart[];
  models?: ModelPart[];
  services?: ServicePart[];
}

export interface CertificatePart {
  cert: string;
  key: string;
}

export interface ListenerPart {
  address: string;
  tls?: CertificatePart & { server_names?: (CertificatePart & { name: string })[] };
  max_body_size?: string | number;
  timeouts?: { keep_alive?: string; head?: string };
}

export interface TimeoutsPart {
  connect?: string;
  first_byte?: string;
  idle?: string;
  total?: string;
}

export interface RetriesPart {
  attempts: number;
  on?: (number | string)[];
}

export interface ProviderPart {
  id: string;
  kind: string;
  base_url?: string;
  keys?: { value: string }[];
  headers?: Record<string, string>;
}

export interface ModelPart {
  name: string;
  strategy?: "failover" | "weighted" | "latency" | "least-busy" | "cost";
  targets: ModelTargetPart[];
  timeouts?: TimeoutsPart;
  retries?: RetriesPart;
  circuit_breaker?: { failures?: number; open?: string };
}

export interface ModelTargetPart {
  provider: string;
  model: string;
  weight?: number;
}

export interface RoutePart {
  id?: string;
  path: string;
  match: "exact" | "prefix" | "pattern";
  strip_prefix?: true;
  rewrite?: string;
  methods?: string[];
  host?: string;
}

export interface LimitPart {
  per: "application" | "service" | "address";
  requests: number;
  window: string;
  algorithm: "token-bucket";
}

export interface HeaderEditsPart {
  add?: Record<string, string>;
  set?: Record<string, string>;
  remove?: string[];
}

export interface UpstreamPart {
  balance?: "least-connections" | "consistent-hash";
  hash_on?: { type: "header" | "cookie" | "address"; name?: string };
  targets: { url: string; weight?: number }[];
  health?: { passive: { failures: number; eject: string } };
  timeouts?: TimeoutsPart;
  retries?: RetriesPart;
  host_header?: "preserve";
  ca_file?: string;
}

export interface ServicePart {
  id: string;
  kind: "rest";
  team?: string;
  access: Access;
  routes: RoutePart[];
  upstream: UpstreamPart;
  limits?: LimitPart[];
  request_headers?: HeaderEditsPart;
  response_headers?: HeaderEditsPart;
  max_body_size?: string | number;
}
