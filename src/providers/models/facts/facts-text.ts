/** What is known of the models of one kind of provider, as text: it is read when somebody asks, and costs nothing before. */
export interface FactsText {
  /** Where prices were taken from. */
  sources: readonly string[];
  /**
   * A line for each model: its name, what it does (`chat`, `embedding`, …), how many tokens go in and come out (`-`: not known),
   * letters for what it can (see CAPABILITY_LETTERS), and, where the built-in list of prices has none, US dollars per million
   * tokens (`input/output`, and behind these `/from the cache/into the cache`, either of which may be missing) and the place of their
   * source.
   */
  models: string;
}
