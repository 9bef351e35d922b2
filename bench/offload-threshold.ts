import { performance } from "node:perf_hooks";
import type { TranslateTask } from "../src/data-plane/pipeline/ai/translate-task.ts";
import type { CallPlan } from "../src/data-plane/pipeline/ai/translation.ts";
import { buildCall, inspectRequest, parseBody } from "../src/data-plane/pipeline/ai/translation.ts";
import { createWorkerPool } from "../src/platform/worker-pool.ts";

/**
 * What translating a request body costs the event loop: in place, and in the pool (what is left on the loop there is
 * copying the bytes both ways). The threshold `ai.offload_size` belongs where the first is clearly more than the second.
 */

const PLAN: CallPlan = {
  operation: "chat",
  inbound: "openai",
  outbound: "anthropic",
  target: { model: "claude-sonnet-4-5", defaultMaxOutputTokens: 1024 },
  mayHoldForeign: false,
};
const SIZES_KIB = [1, 4, 16, 32, 64, 128, 256, 512, 1024, 4096];

/** A conversation of about this size: turns of 400 bytes, as chats with tools and documents have. */
function conversation(bytes: number): Buffer {
  const turn = "The tide rises and falls twice a day, pulled by the moon and the sun. ".repeat(5);
  const messages: object[] = [];
  for (let size = 0; size < bytes; size += turn.length + 40) {
    messages.push({ role: messages.length % 2 === 0 ? "user" : "assistant", content: turn });
  }
  return Buffer.from(JSON.stringify({ model: "anthropic/claude-sonnet-4-5", max_tokens: 100, messages }));
}

interface Cost {
  /** Time the event loop is held, per body. */
  loopUs: number;
  /** From start to result. */
  latencyUs: number;
}

function inPlace(bytes: Buffer, times: number): Cost {
  const startedAt = performance.now();
  for (let i = 0; i < times; i++) {
    const body = parseBody(bytes);
    inspectRequest(body, "openai");
    buildCall(body, PLAN);
  }
  const us = ((performance.now() - startedAt) * 1000) / times;
  return { loopUs: us, latencyUs: us };
}

async function inPool(pool: ReturnType<typeof createWorkerPool>, bytes: Buffer, times: number): Promise<Cost> {
  const tasks: TranslateTask[] = [
    { kind: "inspect", bytes, inbound: "openai" },
    { kind: "build", bytes, plan: PLAN },
  ];
  const loopBefore = performance.eventLoopUtilization();
  const startedAt = performance.now();
  for (let i = 0; i < times; i++) for (const task of tasks) await pool.run("translate", task);
  const us = ((performance.now() - startedAt) * 1000) / times;
  return { loopUs: us * performance.eventLoopUtilization(loopBefore).utilization, latencyUs: us };
}

/** Prints a Markdown table. */
export async function offloadThreshold(): Promise<void> {
  const pool = createWorkerPool({ maxThreads: 1 });
  process.stdout.write("| body KiB | in place: loop µs | pool: loop µs | pool: latency µs |\n|--:|--:|--:|--:|\n");
  for (const kib of SIZES_KIB) {
    const bytes = conversation(kib * 1024);
    const times = Math.max(20, Math.round(4000 / kib));
    inPlace(bytes, times);
    await inPool(pool, bytes, Math.min(times, 100));
    const direct = inPlace(bytes, times);
    const pooled = await inPool(pool, bytes, Math.min(times, 300));
    process.stdout.write(
      `| ${kib} | ${direct.loopUs.toFixed(0)} | ${pooled.loopUs.toFixed(0)} | ${pooled.latencyUs.toFixed(0)} |\n`,
    );
  }
  await pool.close();
}
