import { loadAddon } from "./load.ts";

interface ThreadAddon {
  yieldToWakingThreads(): boolean;
}

/**
 * From now on, this thread gives its core to any other thread that wakes up and wants it, with no smaller share of the time
 * in the long run. The kernel lets a thread that wakes up take the core of one with a longer time slice (EEVDF's
 * PREEMPT_SHORT); this one gets the longest there is. False: it does not, because it is older than Linux 6.12 or forbids it.
 */
export function yieldToWakingThreads(): boolean {
  return (loadAddon() as ThreadAddon).yieldToWakingThreads();
}
