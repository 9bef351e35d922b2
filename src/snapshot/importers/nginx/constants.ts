import type { Scope } from "./scope.ts";

const REFERENCE = /\$(?:\{(\w+)\}|(\w+))/g;

/** What is the same for every call of a server, so that it can be written out. */
export interface Constants {
  readonly serverName: string | null;
  readonly scheme: string | null;
  readonly port: string | null;
}

/**
 * The text with all variables written out, or null when it has one that differs from call to call. `set` counts where
 * its value is constant and it is not within an `if`.
 */
export function constantText(text: string, scope: Scope, constants: Constants, depth = 0): string | null {
  let constant = true;
  const expanded = text.replace(REFERENCE, (_reference, braced?: string, bare?: string) => {
    const value = depth > 8 ? null : constantOf(braced ?? bare ?? "", scope, constants, depth);
    if (value === null) constant = false;
    return value ?? "";
  });
  return constant ? expanded : null;
}

function constantOf(name: string, scope: Scope, constants: Constants, depth: number): string | null {
  if (name === "server_name") return constants.serverName;
  if (name === "scheme") return constants.scheme;
  if (name === "server_port") return constants.port;
  const sets = settersOf(name, scope);
  const [only] = sets;
  return sets.length === 1 && only !== undefined ? constantText(only, scope, constants, depth + 1) : null;
}

function settersOf(name: string, scope: Scope | null): string[] {
  if (scope === null) return [];
  const own = scope.allOwn("set").filter(({ args }) => args[0] === `$${name}`);
  // A value that depends on a condition is not constant.
  const conditional = scope.directives.some(
    (directive) =>
      directive.name === "if" && directive.block?.some((one) => one.name === "set" && one.args[0] === `$${name}`),
  );
  if (conditional) return ["$", "$"];
  return [...own.map(({ args }) => args[1] ?? ""), ...settersOf(name, scope.parent)];
}

export function hasVariables(text: string): boolean {
  return new RegExp(REFERENCE.source).test(text);
}
