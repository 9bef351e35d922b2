import {
  type ColumnUpdateNode,
  type InsertQueryNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  type UnknownRow,
  type ValueNode,
  type ValuesNode,
} from "kysely";
import { SEALED_PREFIX, SealError, type Sealer } from "../../platform/seal.ts";

/** What a document that has secrets in it is sealed for. */
export const STORED_DOCUMENT = "stored document";

/** Columns with documents in which people put header values: often credentials for their upstreams. */
export const DOCUMENT_COLUMNS = {
  services: ["draft"],
  releases: ["configuration", "compiled"],
  teams: ["policies"],
  applications: ["policies"],
  subscriptions: ["policies"],
  settings: ["value"],
  providers: ["document"],
} as const;

const COLUMNS: ReadonlySet<string> = new Set(Object.values(DOCUMENT_COLUMNS).flat());
/** Headers with values, as documents (mappings) and compiled ones (pairs) have them. */
const HEADER_VALUES = /"(?:add|set|headers)":(?:\{"|\[\[)/;

export function hasHeaderValues(document: string): boolean {
  return HEADER_VALUES.test(document);
}

/**
 * Seals such documents on their way into the database and opens them on their way out, so that nobody who reads or writes a row has
 * to think of it. Documents without header values stay as they are.
 */
export class SealedColumns implements KyselyPlugin {
  readonly #sealer: Sealer;
  readonly #sealing: SealingTransformer;

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
    this.#sealing = new SealingTransformer(sealer);
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    if (node.kind !== "InsertQueryNode" && node.kind !== "UpdateQueryNode") return node;
    return this.#sealing.transformNode(node, queryId);
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    const [first] = result.rows;
    const columns = first === undefined ? [] : Object.keys(first).filter((name) => COLUMNS.has(name));
    if (columns.length === 0) return result;
    return { ...result, rows: result.rows.map((row) => this.#opened(row, columns)) };
  }

  #opened(row: UnknownRow, columns: readonly string[]): UnknownRow {
    const sealed = columns.filter((name) => isSealed(row[name]));
    if (sealed.length === 0) return row;
    const opened = sealed.map((name) => [name, openedDocument(this.#sealer, String(row[name]))] as const);
    return { ...row, ...Object.fromEntries(opened) };
  }
}

class SealingTransformer extends OperationNodeTransformer {
  readonly #sealer: Sealer;

  constructor(sealer: Sealer) {
    super();
    this.#sealer = sealer;
  }

  protected override transformInsertQuery(node: InsertQueryNode): InsertQueryNode {
    const transformed = super.transformInsertQuery(node);
    const names = (node.columns ?? []).map((column) => column.column.name);
    const { values } = transformed;
    if (values?.kind !== "ValuesNode" || !names.some((name) => COLUMNS.has(name))) return transformed;
    const lists = (values as ValuesNode).values.map((list) => {
      if (list.kind === "PrimitiveValueListNode") {
        return { ...list, values: list.values.map((value, index) => this.#sealed(names[index], value)) };
      }
      return { ...list, values: list.values.map((value, index) => this.#sealedNode(names[index], value)) };
    });
    return { ...transformed, values: { ...values, values: lists } as ValuesNode };
  }

  protected override transformColumnUpdate(node: ColumnUpdateNode): ColumnUpdateNode {
    const column = node.column as { column?: { name?: string } };
    return { ...node, value: this.#sealedNode(column.column?.name, node.value) };
  }

  #sealedNode<Node extends { kind: string }>(column: string | undefined, node: Node): Node {
    if (node.kind !== "ValueNode") return node;
    return { ...node, value: this.#sealed(column, (node as unknown as ValueNode).value) };
  }

  #sealed(column: string | undefined, value: unknown): unknown {
    if (column === undefined || !COLUMNS.has(column) || typeof value !== "string" || isSealed(value)) return value;
    const unread = UNREADABLE.exec(value)?.[1];
    if (unread !== undefined) return unread;
    return hasHeaderValues(value) ? this.#sealer.seal(value, STORED_DOCUMENT) : value;
  }
}

/**
 * One that this master key does not open is no reason to let everything else be: what stands in its place is good for nothing, and
 * becomes what it was when the row is written again.
 */
function openedDocument(sealer: Sealer, sealed: string): string {
  try {
    return sealer.open(sealed, STORED_DOCUMENT);
  } catch (error) {
    if (error instanceof SealError) return JSON.stringify({ sealed_with_another_master_key: sealed });
    throw error;
  }
}

const UNREADABLE = /^\{"sealed_with_another_master_key":"(sealed1\.[^"]+)"\}$/;

function isSealed(value: unknown): boolean {
  return typeof value === "string" && value.startsWith(SEALED_PREFIX);
}
