/** Tells clusters apart that share a Redis. */
export function clusterOf(env: NodeJS.ProcessEnv): string {
  return env.TIDEGATE_CLUSTER || "default";
}
