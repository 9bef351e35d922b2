import { Packr } from "msgpackr";

/**
 * The shapes of which there are very many, by the names of their members: a value says which shape it has in place of the
 * names. Whoever reads it has to know them in this order, so a change of them is another format of snapshots. Other shapes
 * bring their names along.
 */
const SHAPES: readonly (readonly string[])[] = [
  ["id", "team", "credentials", "subscriptions", "limits"],
  ["kind", "id", "digest", "expiresAtMs", "addresses"],
  ["service", "state", "expiresAtMs", "limits"],
  ["per", "algorithm", "windowMs", "unit", "amount"],
  ["id", "path", "match", "methods", "host", "stripPrefix", "rewrite"],
];

const packr = new Packr({
  useRecords: true,
  // Its own copy, to which it adds nothing: all are taken.
  structures: SHAPES.map((shape) => [...shape]) as unknown as object[],
  maxSharedStructures: SHAPES.length,
  variableMapSize: true,
  int64AsType: "number",
});

export const encodeValue = (value: unknown): Buffer => packr.encode(value);

export function decodeValue(bytes: Uint8Array): unknown {
  return packr.decode(bytes);
}
