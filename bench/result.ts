import type { Engine } from "./engine.ts";
import type { Machine } from "./machine.ts";

/** Measured values by name; what the names mean is in `columns.ts`. */
export type Figures = Record<string, number>;

export interface PeerResult {
  /** The median of each figure. */
  medians: Figures;
  rounds: Figures[];
}

/** One comparison of peers under one load. */
export interface Part {
  title: string;
  /** What CPU time is divided by: `request` or `event`. */
  unit: string;
  /** The peer that the report makes ratios to. */
  baseline: string;
  /** The figures the report shows. */
  columns: string[];
  peers: Record<string, PeerResult>;
}

/** A bound the issue sets, with what was measured. */
export interface Check {
  what: string;
  unit: "×" | "KiB" | "MiB" | "ms";
  bound: "at most" | "at least";
  must: number;
  /** null: there is none beyond the must. */
  goal: number | null;
  /** null: it could not be measured; `failure` says why. */
  measured: number | null;
  mustMet: boolean;
  goalMet: boolean | null;
  failure?: string;
}

export interface ScenarioResult {
  parts: Part[];
  checks: Check[];
}

/** What is kept in `bench/results/<scenario>.json`. */
export interface StoredResult extends ScenarioResult {
  scenario: string;
  title: string;
  measuredAt: string;
  machine: Machine;
  options: { engine: Engine; seconds: number; rounds: number };
}

export function medianFigures(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name] ?? Number.NaN))]));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** One peer's median of a figure, divided by another's. */
export function ratio(part: Part, figure: string, peer: string, baseline = part.baseline): number {
  return (part.peers[peer]?.medians[figure] ?? Number.NaN) / (part.peers[baseline]?.medians[figure] ?? Number.NaN);
}
