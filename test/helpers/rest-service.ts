import type { RestServiceSnapshot, ServiceSnapshot } from "../../src/contracts/snapshot.ts";

/** Throws when it is none. */
export function restService(service: ServiceSnapshot | undefined): RestServiceSnapshot {
  if (service === undefined || service.kind === "ai") {
    throw new TypeError(`expected a service with an upstream, not ${service?.kind}`);
  }
  return service;
}
