const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  M: 30 * 86_400_000,
  y: 365 * 86_400_000,
};

/** A time as nginx writes it (`30`, `1m30s`, `500ms`), in milliseconds; null when it is none. */
export function parseTimeMs(text: string | undefined): number | null {
  if (text === undefined || !/^(?:\d+(?:ms|[smhdwMy])?\s*)+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdwMy])?/g)) {
    total += Number(amount) * (UNITS_MS[unit ?? "s"] ?? 0);
  }
  return total;
}

/** A size as nginx writes it (`10m`, `8k`, `1024`), in bytes; null when it is none. */
export function parseSizeBytes(text: string | undefined): number | null {
  const [, amount, unit = ""] = /^(\d+)([kKmMgG]?)$/.exec(text ?? "") ?? [];
  if (amount === undefined) return null;
  return Number(amount) * 1024 ** ["", "k", "m", "g"].indexOf(unit.toLowerCase());
}

/** Bytes as `tidegate.yaml` writes them. */
export function size(bytes: number): string | number {
  for (const [unit, factor] of [
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return bytes;
}
