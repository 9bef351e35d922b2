import { arrayOf, field, objectOf } from "../../documents/json.ts";
import { resolveLocal } from "../../documents/local-references.ts";
import { type DocumentCheck, operationsOf, securityOf } from "./operations.ts";

export const declaredSecurity: DocumentCheck = (document) =>
  operationsOf(document)
    .filter((operation) => securityOf(document, operation) === undefined)
    .map(({ path }) => ({
      message: "Nothing says which credentials the operation needs: add `security`, or `security: []` if it is open.",
      path,
    }));

export const noBasicOverHttp: DocumentCheck = (document) => {
  const plain = arrayOf(document.servers)
    .map((server) => field(server, "url"))
    .find((url) => typeof url === "string" && /^http:\/\/(?!localhost\b|127\.0\.0\.1\b|\[::1\])/i.test(url));
  if (plain === undefined) return [];
  const schemes = Object.entries(objectOf(objectOf(document.components).securitySchemes));
  return schemes
    .filter(([, value]) => isBasic(resolveLocal(document, value)))
    .map(([name]) => ({
      message: `Basic authentication sends the password in the clear to ${plain}: use https://, or another scheme.`,
      path: ["components", "securitySchemes", name],
    }));
};

function isBasic(scheme: unknown): boolean {
  return field(scheme, "type") === "http" && String(field(scheme, "scheme")).toLowerCase() === "basic";
}
