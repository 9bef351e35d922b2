/** How a provider differs from its dialect: data, so that another provider is an entry and no code. */
export interface ProviderQuirks {
  /** Fields of its dialect that it has under another name. */
  renamedFields?: Readonly<Record<string, string>>;
  /** Fields that it refuses or overlooks: a call that means something by one of them is refused before it is made. */
  unsupportedFields?: readonly string[];
  /** Values that ask for what is done without the field: it is left out. */
  impliedValues?: Readonly<Record<string, string | number | boolean>>;
  /** Fields that it refuses and that change nothing of what the model is asked, e.g. `user`: they are left out. */
  droppedFields?: readonly string[];
  /** False: it does not take `stream_options`, and reports usage at the end of each stream unasked. */
  streamOptions?: false;
  /** False: it does not know the role `developer`; such messages are sent as `system`. */
  developerRole?: false;
  /** Ids of tool calls have exactly so many letters and digits; others, of other providers' calls, are replaced. */
  toolCallIdLength?: number;
  /** Paths below the base URL, `{model}` standing for the model; null: it has no such operation. Absent: the dialect's. */
  paths?: { chat?: string | null; embeddings?: string | null };
}
