import type { ServiceSnapshot } from "../../contracts/snapshot.ts";
import { VERSION } from "../../platform/version.ts";
import { readServiceDocument, type ServiceDocument } from "../../snapshot/service-document.ts";
import { parseJson } from "../entities/rows.ts";

interface Compiled {
  version: string;
  service: ServiceSnapshot;
}

/** Kept with a release, so that ten thousand of them are ready in a moment at the next start. */
export function compiledText(service: ServiceSnapshot): string {
  return JSON.stringify({ version: VERSION, service } satisfies Compiled);
}

export interface StoredRelease {
  configuration: string;
  compiled: string | null;
}

/** As compiled by this version of Tidegate; of another one's, compiled anew. The service may have another team by now. */
export function releasedService(id: string, team: string, { configuration, compiled }: StoredRelease): ServiceDocument {
  const known = compiled === null ? null : parseJson<Compiled>(compiled);
  if (known?.version === VERSION) return { ok: true, service: { ...known.service, id, team } };
  return readServiceDocument(id, team, parseJson<object>(configuration));
}
