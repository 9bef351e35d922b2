import { field } from "../../documents/json.ts";
import { resolveLocal } from "../../documents/local-references.ts";
import type { DocumentCheck } from "./operations.ts";
import { propertiesOf } from "./schemas.ts";

export const describedProperties: DocumentCheck = (document) =>
  propertiesOf(document)
    .filter(({ schema }) => !isDescribed(schema) && !isDescribed(resolveLocal(document, schema)))
    .map(({ name, path }) => ({
      message: `Property "${name}" is not described: say in \`description\` what it holds, with its unit.`,
      path,
    }));

function isDescribed(schema: unknown): boolean {
  const description = field(schema, "description");
  return typeof description === "string" && description.trim() !== "";
}
