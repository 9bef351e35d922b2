import { type DocumentCheck, templatesOf } from "./operations.ts";
import { propertiesOf } from "./schemas.ts";

/** Lower case letters, digits and hyphens; file extensions and a leading dot (`/.well-known`) are allowed. */
const KEBAB = /^\.?[a-z0-9]+(?:[-.][a-z0-9]+)*$/;

export const kebabCasePaths: DocumentCheck = (document) =>
  templatesOf(document).flatMap((template) => {
    const wrong = literalSegments(template).filter((segment) => !KEBAB.test(segment));
    return wrong.map((segment) => ({
      message: `Segment "${segment}" is not in kebab-case: write "${kebabCase(segment)}".`,
      path: ["paths", template],
    }));
  });

const VERBS = ["get", "fetch", "retrieve", "create", "insert", "add", "update", "modify", "delete", "remove"];

export const verbFreePaths: DocumentCheck = (document) =>
  templatesOf(document).flatMap((template) =>
    literalSegments(template).flatMap((segment) => {
      const [first = ""] = kebabCase(segment).split("-");
      if (!VERBS.includes(first)) return [];
      return [
        {
          message: `Segment "${segment}" says what is done, which the method does: name the thing, such as /orders.`,
          path: ["paths", template],
        },
      ];
    }),
  );

type Casing = "camelCase" | "snake_case";

export const consistentPropertyCasing: DocumentCheck = (document) => {
  const properties = propertiesOf(document).filter(({ name }) => !/^[$@_]|^x-/.test(name));
  const count = (casing: Casing) => properties.filter(({ name }) => casingOf(name) === casing).length;
  const [camel, snake] = [count("camelCase"), count("snake_case")];
  const expected: Casing = snake > camel ? "snake_case" : "camelCase";
  return properties
    .filter(({ name }) => ![expected, "both"].includes(casingOf(name)))
    .map(({ name, path }) => ({
      message: `Property "${name}" is not in ${expected}, as most are here: write "${convert(name, expected)}".`,
      path,
    }));
};

/** A single word in lower case is both. */
function casingOf(name: string): Casing | "both" | "other" {
  if (/^[a-z][a-z0-9]*$/.test(name)) return "both";
  if (/^[a-z][a-zA-Z0-9]*$/.test(name)) return "camelCase";
  return /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name) ? "snake_case" : "other";
}

function convert(name: string, casing: Casing): string {
  const words = kebabCase(name).split("-").filter(Boolean);
  if (casing === "snake_case") return words.join("_");
  return words.map((word, index) => (index === 0 ? word : `${word[0]?.toUpperCase()}${word.slice(1)}`)).join("");
}

/** Parts of a path that are no parameters; of `{id}.json` and `{id}:cancel` the rest after the parameter. */
function literalSegments(template: string): string[] {
  return template
    .split("/")
    .flatMap((segment) => segment.replace(/\{[^{}]*\}/g, "/").split(/[/:]/))
    .map((segment) => (segment === "." || segment === "-" ? "" : segment))
    .filter((segment) => segment !== "");
}

function kebabCase(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1-$2")
    .replace(/[\s_.~%+-]+/g, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase();
}
