import type { CatalogueEntry } from "../../providers/catalogue.ts";
import type { Path } from "../schema/introspection.ts";
import type { Cursor } from "./cursor.ts";

export interface CheckContext {
  /** The whole configuration. */
  root: Cursor;
  /** Relative paths of files begin here. */
  baseDirectory: string;
  catalogue: readonly CatalogueEntry[];
  /** The value (or what is shown for it) in quotes, or the variables it was made of: what comes from the environment is not repeated. */
  describe(field: Cursor, shown?: string): string;
  report(path: Path, message: string): void;
  warn(path: Path, message: string): void;
}

/** A rule between entities, or one that the type of a single field can't express. */
export type Check = (context: CheckContext) => void;
