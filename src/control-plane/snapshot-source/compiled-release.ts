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
  const document = objectOf(configuration);
  if (document === null) return { ok: false, problems: [{ path: "", message: "is not readable" }] };
  return readServiceDocument(id, team, document);
}

function objectOf(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
