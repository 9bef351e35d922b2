import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";

/** Fields as `tidegate.yaml` has them, in YAML or JSON. Nothing of the file is repeated: it may hold secrets. */
export function fieldsIn(file: string | undefined): Record<string, unknown> {
  if (file === undefined) return {};
  const text = textOf(file);
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    throw new StartError(EXIT.configuration, `${file} is neither YAML nor JSON`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new StartError(EXIT.configuration, `${file}: expected a mapping of fields`);
}

export function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new StartError(EXIT.configuration, `can't read ${file}: ${code}`);
  }
}

/** `name=value`, each. */
export function pairsOf(texts: readonly string[] | undefined, option: string): Record<string, string> | undefined {
  if (texts === undefined) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new StartError(EXIT.usage, `${option}: expected name=value`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
