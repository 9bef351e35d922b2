export interface Finding {
  name: string;
  level: "ok" | "warn" | "fail";
  detail: string;
  /** What to do; null when all is well. */
  remedy: string | null;
}

export function ok(name: string, detail: string): Finding {
  return { name, level: "ok", detail, remedy: null };
}

export function warn(name: string, detail: string, remedy: string): Finding {
  return { name, level: "warn", detail, remedy };
}

export function fail(name: string, detail: string, remedy: string): Finding {
  return { name, level: "fail", detail, remedy };
}
