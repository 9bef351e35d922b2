import type { Measurement } from "../measure.ts";

export interface ScenarioOptions {
  /** For configurations and logs of the processes; removed afterwards. */
  directory: string;
  seconds: number;
  rounds: number;
  say(line: string): void;
}

export interface ScenarioResult {
  /** The peer that ratios are made to. */
  baseline: string;
  peers: Record<string, { median: Measurement; all: Measurement[] }>;
}

export interface Scenario {
  name: string;
  title: string;
  run(options: ScenarioOptions): Promise<ScenarioResult>;
}
