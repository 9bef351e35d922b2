/** The values of `listeners[].engine` that can be measured. */
export const ENGINES = ["native", "uws"] as const;
export type Engine = (typeof ENGINES)[number];

/** The engine of plain HTTP listeners that is measured unless `--engine` says otherwise. */
export const DEFAULT_ENGINE: Engine = "native";
