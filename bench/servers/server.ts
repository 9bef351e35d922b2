/** A process under test, or beside one. */
export interface Server {
  name: string;
  /** The processes whose CPU is counted, by what they do. */
  pids: Record<string, number>;
  stop(): Promise<void>;
}
