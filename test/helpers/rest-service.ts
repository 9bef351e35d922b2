import type { RestServiceSnapshot, ServiceSnapshot } from "../../src/contracts/snapshot.ts";

/** Throws when it is none. */
export function restService(service: ServiceSnapshot | undefined): RestServiceSnapshot {
  if (service?.kind !== "rest") throw new TypeError(`expected a service of kind rest, not ${service?.kind}`);
  return service;
}
