import type { Engine } from "../engine.ts";
import type { ScenarioResult } from "../result.ts";

export interface ScenarioContext {
  /** For configurations, programs and logs; removed afterwards. */
  directory: string;
  /** Length of each measurement. */
  seconds: number;
  /** Measurements of each peer; the median counts. */
  rounds: number;
  /** Length of the load before the first measurement; 0: none. */
  warmUpSeconds: number;
  /** Pause between that load and the first measurement; by default none. */
  restSeconds?: number;
  engine: Engine;
  /** Gateway workers run under a profiler, and say where their time went when they end. */
  profiles: boolean;
  /** How many requests `memory-growth` makes, and how many keys and routes `scaling` goes up to. */
  sizes: { requests: number; keys: number; routes: number };
  say(line: string): void;
}

export interface Scenario {
  /** As in `--scenario`, the JSON file and the tables. */
  name: string;
  title: string;
  run(context: ScenarioContext): Promise<ScenarioResult>;
}
