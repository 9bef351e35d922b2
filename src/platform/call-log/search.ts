import type { CallQuery } from "../../contracts/call-query.ts";
import type { CallRecord } from "../../contracts/call-record.ts";
import { type CallRecordFilter, finishedAtMs, readLastCalls } from "./reader.ts";

export interface SearchTask {
  directory: string;
  query: CallQuery;
}

/** The calls that are asked for, newest first. Reads from the newest file back, as far as it has to. */
export function searchCallLog({ directory, query }: SearchTask): CallRecord[] {
  const { fromMs, limit, withBodies } = query;
  const isWanted = callFilter(query);
  const filter = (record: CallRecord) => {
    if (!isWanted(record)) return false;
    // At once: those of a long list may be more than fits into the thread.
    if (!withBodies) dropBodies(record);
    return true;
  };
  return readLastCalls(directory, limit, { filter, sinceMs: fromMs ?? 0 }).reverse();
}

function dropBodies(record: CallRecord): void {
  record.requestBody = null;
  record.responseBody = null;
}

export function callFilter(query: Omit<CallQuery, "limit" | "withBodies">): CallRecordFilter {
  const { model, status, before } = query;
  const isVisible = visibility(query.visible);
  return (record) => {
    const endedAtMs = finishedAtMs(record);
    return (
      isVisible(record) &&
      (query.id === null || record.id === query.id) &&
      (query.application === null || record.application === query.application) &&
      (query.team === null || record.team === query.team) &&
      (query.service === null || record.service === query.service) &&
      (model === null || record.modelAsked === model || record.modelServed === model) &&
      (query.errorCode === null || record.errorCode === query.errorCode) &&
      (status === null || (record.status >= status.from && record.status <= status.to)) &&
      (query.fromMs === null || endedAtMs >= query.fromMs) &&
      (query.toMs === null || endedAtMs < query.toMs) &&
      (before === null || isEarlier(endedAtMs, record.id, before))
    );
  };
}

const STATUS_RANGE = /^(?:([1-5])xx|([1-9]\d\d)(?:-([1-9]\d\d))?)$/i;

/** `429`, `5xx` or `400-499`; null: it is none of these. */
export function parseStatusRange(text: string): NonNullable<CallQuery["status"]> | null {
  const [whole, hundreds, first, last] = STATUS_RANGE.exec(text) ?? [];
  if (whole === undefined) return null;
  if (hundreds !== undefined) return { from: Number(hundreds) * 100, to: Number(hundreds) * 100 + 99 };
  return { from: Number(first), to: Number(last ?? first) };
}

function isEarlier(endedAtMs: number, id: string, before: NonNullable<CallQuery["before"]>): boolean {
  return endedAtMs === before.endedAtMs ? id < before.id : endedAtMs < before.endedAtMs;
}

/** An organisation may have very many services: they are looked up, not gone through for each record. */
function visibility(visible: CallQuery["visible"]): (record: CallRecord) => boolean {
  if (visible === null) return () => true;
  const teams = new Set(visible.teams);
  const services = new Set(visible.services);
  return ({ team, service }) => (team !== null && teams.has(team)) || (service !== null && services.has(service));
}
