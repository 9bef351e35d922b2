import { setTimeout as delay } from "node:timers/promises";
import type { TidegateProcess } from "./tidegate-process.ts";

/** Eight callers at once, each waiting for its answer before the next call. */
export function continuousCalls(tidegate: TidegateProcess) {
  const failures: string[] = [];
  const { key } = tidegate;
  const load = { count: 0, ended: false, atLeast, end };
  const callers = Array.from({ length: 8 }, async () => {
    while (!load.ended) {
      try {
        const response = await tidegate.chat({}, key);
        const body = await response.text();
        if (response.status !== 200) failures.push(`${response.status} ${body}`);
      } catch (error) {
        failures.push(String(error instanceof Error ? (error.cause ?? error) : error));
      }
      load.count++;
    }
  });

  async function atLeast(count: number): Promise<void> {
    while (load.count < count) await delay(10);
  }

  async function end(): Promise<string[]> {
    load.ended = true;
    await Promise.all(callers);
    return failures;
  }
  return load;
}
