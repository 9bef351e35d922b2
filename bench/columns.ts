/** How reports show the figures: heading and digits after the point. */
const COLUMNS: Record<string, readonly [heading: string, digits: number]> = {
  requestsPerSecond: ["requests/s", 0],
  eventsPerSecond: ["events/s", 0],
  p50Ms: ["p50 ms", 2],
  p99Ms: ["p99 ms", 2],
  addedP50Us: ["added p50 µs", 0],
  addedP99Us: ["added p99 µs", 0],
  cpuUs: ["CPU µs", 1],
  residentMib: ["RSS MiB", 0],
  residentEarlyMib: ["RSS MiB early", 1],
  residentLateMib: ["RSS MiB late", 1],
  kibPerConnection: ["KiB/connection", 2],
  kibPerReader: ["KiB/reader", 1],
  readMs: ["read ms", 0],
  compileMs: ["compile ms", 0],
  quietWorstMs: ["longest ms, no change", 1],
  swapWorstMs: ["longest ms, swap", 1],
  swapMs: ["swap ms", 0],
  keyWorstMs: ["longest ms, keys", 1],
  createMs: ["key counts ms", 0],
  revokeMs: ["key revoked ms", 0],
};

export function headingOf(figure: string, unit: string): string {
  const heading = COLUMNS[figure]?.[0] ?? figure;
  return figure === "cpuUs" ? `${heading}/${unit}` : heading;
}

export function formatFigure(figure: string, value: number | undefined): string {
  return value === undefined ? "" : value.toFixed(COLUMNS[figure]?.[1] ?? 1);
}
