import type { PackedSnapshot } from "../contracts/packed-snapshot.ts";
import type { Snapshot } from "../contracts/snapshot.ts";
import { explain } from "../data-plane/explain/explain.ts";
import type { ExplainRequest, Explanation } from "../data-plane/explain/explanation.ts";
import { sealerThere } from "../platform/seal.ts";
import { SnapshotFormatError } from "../snapshot/codec.ts";
import { loadConfiguration } from "../snapshot/load.ts";
import { unpackSnapshot } from "../snapshot/packed/unpack.ts";
import { formatProblems } from "../snapshot/problems/problem.ts";
import { createSnapshotStore, SNAPSHOT_FILE } from "../snapshot/store.ts";
import { EXIT, StartError } from "./exit-codes.ts";

export type { Explanation } from "../data-plane/explain/explanation.ts";

export interface ExplainCallOptions {
  method: string;
  /** Absolute, or a path alone. */
  url: string;
  /** Lower-case names, and values. */
  headers: readonly (readonly [string, string])[];
  clientAddress: string;
  bodyBytes: number;
  model: string | null;
  /** null: not known. */
  body: Buffer | null;
  /** null: what the data directory holds, which is what was served last. */
  configPath: string | null;
  home: string;
  env: NodeJS.ProcessEnv;
  nowMs: number;
}

export interface ExplainedCall {
  method: string;
  url: string;
  /** Where the configuration comes from. */
  source: string;
  explanation: Explanation;
}

/** Throws StartError: the URL is none, or there is no configuration to go by. */
export async function explainCall(options: ExplainCallOptions): Promise<ExplainedCall> {
  const { method, headers, clientAddress, bodyBytes, model, body, nowMs } = options;
  const url = parseUrl(options.url);
  const { snapshot, source } = await snapshotFor(options);
  const request: ExplainRequest = {
    method: method.toUpperCase(),
    scheme: url.protocol === "https:" ? "https" : "http",
    host: hostOf(headers) ?? url.hostname,
    path: url.pathname,
    query: url.search.slice(1),
    headers,
    clientAddress,
    bodyBytes: body === null ? bodyBytes : body.length,
    maxBodyBytes: maxBodyBytes(snapshot, Number(url.port)),
    atMs: nowMs,
    model,
    ...(body === null ? {} : { body }),
  };
  // Without the query: queries may hold secrets.
  const shown = url.origin + url.pathname;
  return { method: request.method, url: shown, source, explanation: explain(snapshot, request) };
}

function parseUrl(text: string): URL {
  const base = "http://localhost";
  const isUrl = /^https?:\/\//i.test(text) || text.startsWith("/");
  if (!isUrl || !URL.canParse(text, base)) {
    throw new StartError(EXIT.usage, `expected an http:// or https:// URL, or a path that begins with /`);
  }
  return new URL(text, base);
}

/** As the engines read it: lower case, without port. */
function hostOf(headers: ExplainCallOptions["headers"]): string | null {
  const value = headers.find(([name]) => name === "host")?.[1];
  return value === undefined ? null : value.toLowerCase().replace(/:\d*$/, "");
}

/** Of the listener on that port, else of the first. */
function maxBodyBytes({ listeners }: Snapshot, port: number): number {
  const listener = listeners.find((one) => one.port === port) ?? listeners[0];
  return listener?.maxBodyBytes ?? Number.MAX_SAFE_INTEGER;
}

async function snapshotFor({
  configPath,
  home,
  env,
}: ExplainCallOptions): Promise<{ snapshot: Snapshot; source: string }> {
  if (configPath === null) return { snapshot: await cachedSnapshot(home, env), source: `the snapshot in ${home}` };
  const result = await loadConfiguration({ configPath, home, env, version: 0 });
  if (!result.ok)
    throw new StartError(EXIT.configuration, `the configuration is wrong\n${formatProblems(result.problems)}`);
  return { snapshot: result.snapshot, source: configPath };
}

async function cachedSnapshot(home: string, env: NodeJS.ProcessEnv): Promise<Snapshot> {
  const store = createSnapshotStore(home, () => sealerThere(home, env));
  let snapshot: PackedSnapshot | null;
  try {
    snapshot = await store.read();
  } catch (error) {
    if (!(error instanceof SnapshotFormatError)) throw error;
    throw new StartError(
      EXIT.configuration,
      `${home}/${SNAPSHOT_FILE}: ${error.message}; give a configuration with --config`,
    );
  }
  if (snapshot !== null) return unpackSnapshot(snapshot);
  throw new StartError(
    EXIT.configuration,
    `nothing was served from ${home} yet: give a configuration with --config, or a data directory with TIDEGATE_HOME`,
  );
}
