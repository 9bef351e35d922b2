import { pathFault } from "../../checks/route-path.ts";

export interface TemplatePath {
  path: string;
  match: "exact" | "pattern";
  /** Segments that are a parameter here as a whole, though only a part of them is one in the template. */
  widened: readonly string[];
}

/**
 * A path template (OpenAPI 3.1, "Path Templating") as a route's path: `{petId}` becomes `:petId`. A segment of which only
 * a part is a parameter (`{id}.json`) becomes a parameter as a whole. A text is what is wrong with the template.
 */
export function routePathOf(template: string): TemplatePath | string {
  if (!template.startsWith("/")) return "it does not begin with `/`";
  const isPattern = template.includes("{");
  const names = new Set<string>();
  const widened: string[] = [];
  const segments = template
    .slice(1)
    .split("/")
    .map((segment) => {
      const [, whole] = /^\{([^{}]+)\}$/.exec(segment) ?? [];
      if (whole !== undefined) return `:${parameterName(whole, names)}`;
      if (!/[{}]/.test(segment)) {
        // In a pattern, a colon and a star have a meaning of their own.
        if (!isPattern || !/[:*]/.test(segment)) return encodeSegment(segment);
      }
      widened.push(segment);
      return `:${parameterName(segment, names)}`;
    });
  const path = `/${segments.join("/")}`;
  const match = isPattern ? "pattern" : "exact";
  return pathFault(path, match) ?? { path, match, widened };
}

/** Letters, digits and `_`, different from the others of the path. */
function parameterName(text: string, names: Set<string>): string {
  const plain = text.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+(?=.)|_+$/g, "");
  const valid = /^[A-Za-z_]/.test(plain) ? plain : `p_${plain}`;
  let name = valid;
  for (let number = 2; names.has(name); number++) name = `${valid}_${number}`;
  names.add(name);
  return name;
}

function encodeSegment(segment: string): string {
  return segment.replace(/[\s?#\p{Cc}]|%(?![0-9A-Fa-f]{2})/gu, (character) => encodeURIComponent(character));
}
