import { belowMount } from "../ai-mount.ts";
import type { RouteTarget } from "../compiled.ts";

/** The path of a call as the unified API has it: without what a service has before it. As sent, so far. */
export function unifiedPath(target: RouteTarget | null, path: string): string {
  return target?.kind === "ai" && target.mountSegments > 0 ? belowMount(path, target.mountSegments) : path;
}
