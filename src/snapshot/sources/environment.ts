export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  text: string;
  /** Variables the text took a value from. */
  used: string[];
  /** Variables that are not set and have no default. */
  missing: string[];
  /** A `${` that does not begin a variable. */
  malformed: boolean;
}

const REFERENCE = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

/**
 * Expands `${NAME}` and `${NAME:-default}`; `$${` stands for `${` itself. As in a shell, the default also takes the
 * place of an empty variable. The value of a variable is not expanded again.
 */
export function expand(text: string, environment: Environment): Expansion {
  const expansion: Expansion = { text, used: [], missing: [], malformed: false };
  expansion.text = text.replace(REFERENCE, (match: string, name: string | undefined, fallback: string | undefined) => {
    if (match === "$${") return "${";
    if (name === undefined) {
      expansion.malformed = true;
      return match;
    }
    expansion.used.push(name);
    const value = environment[name];
    if (fallback !== undefined && (value === undefined || value === "")) return fallback;
    if (value === undefined) expansion.missing.push(name);
    return value ?? "";
  });
  return expansion;
}
