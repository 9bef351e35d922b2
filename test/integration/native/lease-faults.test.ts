import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { counterKey, type LeaseClaim, type SharedLimit, SharedLimits } from "../../../native-bindings/limits.ts";
import { ClusterLink, type LeaseAnswer, type LeaseQuestion } from "../../../src/data-plane/limits/cluster-link.ts";
import { connectRedis } from "../../../src/platform/redis.ts";
import { collectingLogger } from "../../helpers/gateway.ts";
import { runs } from "../../helpers/property-runs.ts";
import { startRedis, type TestRedis } from "../../helpers/redis.ts";

/**
 * Whatever is lost, late or asked twice between nodes and Redis, and whoever dies: all nodes together never use more than the limit,
 * and nothing is lost for good that a living node holds.
 */

const NODES = 3;
const AMOUNT = 60;
const START_MS = Date.now();
const COUNTER = counterKey("k");
const KINDS = { window: "window", "sliding-window": "sliding", "token-bucket": "bucket" } as const;

let redis: TestRedis;
let directory: string;
beforeAll(async () => {
  redis = await startRedis();
  directory = mkdtempSync(join(tmpdir(), "tidegate-leases-"));
});
afterAll(async () => {
  await redis.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Node {
  limits: SharedLimits;
  link: ClusterLink;
  /** Claimed, and not sent yet. */
  unsent: LeaseQuestion[];
  /** Answered, and not noted yet. */
  unnoted: { claim: LeaseClaim; answer: LeaseAnswer | null }[];
}

type Step = { node: number; does: (typeof DEEDS)[number]; count: number };
const DEEDS = [
  "call",
  "claim",
  "claim",
  "tell",
  "send",
  "send",
  "note",
  "note",
  "lose question",
  "lose answer",
] as const;
const step: fc.Arbitrary<Step> = fc.record({
  node: fc.nat(NODES - 1),
  does: fc.constantFrom(...DEEDS),
  count: fc.integer({ min: 1, max: 12 }),
});

let cluster = 0;
let file = 0;

/** `known`: what the machine knew of its cluster before. */
async function startNode(known?: { redisRun: string; nodes: number }): Promise<Node> {
  const limitsFile = join(directory, `limits-${file++}`);
  const limits = SharedLimits.open(limitsFile, { slots: 64 });
  limits.setLeasing(true, true);
  if (known !== undefined) limits.noteCluster(known.redisRun, known.nodes);
  const logger = collectingLogger([]);
  const [onConnected, onAway, onForgotten] = [() => {}, () => {}, () => {}];
  const options = { cluster: `faults-${cluster}`, limits, limitsFile, logger, onConnected, onAway, onForgotten };
  const link = new ClusterLink({ ...options, redis: connectRedis(redis.url, logger) });
  await link.whenKnown();
  return { limits, link, unsent: [], unnoted: [] };
}

function stop(node: Node): void {
  node.link.close();
  node.limits.close();
}

it.each(["window", "sliding-window", "token-bucket"] as const)(
  "%s",
  async (algorithm) => {
    // In a bucket of this length nothing worth counting is gained.
    const limit: SharedLimit = { algorithm, unit: "requests", amount: AMOUNT, windowMs: 365 * 86_400_000 };
    const question = (claim: LeaseClaim, need: number): LeaseQuestion => {
      return { counter: COUNTER, kind: KINDS[algorithm], whole: true, ...limit, claim, need };
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120 }), async (steps) => {
        cluster++;
        const nodes = await Promise.all(Array.from({ length: NODES }, () => startNode()));
        let used = 0;
        let nowMs = START_MS;
        const act = async (node: Node, does: Step["does"], count: number): Promise<void> => {
          // Each claim is one that nobody has answered in time.
          nowMs += 1001;
          if (does === "call") {
            for (let i = 0; i < count; i++) if (node.limits.reserve(limit, "k", 1, START_MS) === "allowed") used++;
          } else if (does === "claim" || does === "tell") {
            const isWanted = does === "claim";
            const keep = isWanted ? Number.MAX_VALUE : count % 4;
            const claim = node.limits.beginLease(limit, COUNTER, { keep, isWanted, nowMs, answerByMs: nowMs + 1000 });
            if (typeof claim === "object") node.unsent.push(question(claim, isWanted ? count : 0));
          } else if (does === "send") {
            // Any of them: they may overtake each other.
            const [sent] = node.unsent.splice(count % Math.max(1, node.unsent.length), 1);
            if (sent === undefined) return;
            const [answer = null] = await node.link.ask([sent]);
            node.unnoted.push({ claim: sent.claim, answer });
          } else if (does === "note") {
            const [noted] = node.unnoted.splice(count % Math.max(1, node.unnoted.length), 1);
            if (noted === undefined || noted.answer === null) return;
            const { granted, unleased } = noted.answer;
            node.limits.endLease(limit, COUNTER, noted.claim, granted, unleased, nowMs, 0);
          } else if (does === "lose question") node.unsent.pop();
          else node.unnoted.pop();
        };
        try {
          for (const { node, does, count } of steps) {
            await act(nodes[node] as Node, does, count);
            expect(used).toBeLessThanOrEqual(AMOUNT);
          }
          // One of them takes all that Redis would give, and then all use what they hold.
          const settled = async (node: Node, does: "claim" | "tell") => {
            node.unsent.length = 0;
            node.unnoted.length = 0;
            for (const deed of [does, "send", "note"] as const) await act(node, deed, does === "tell" ? 4 : 12);
          };
          const takeAll = async (node: Node) => {
            for (let before = -1; before < used; ) {
              before = used;
              await settled(node, "claim");
              await act(node, "call", AMOUNT);
            }
          };
          // Questions that were on their way for long arrive, too.
          for (const node of nodes) while (node.unsent.length > 0) await act(node, "send", 1);
          await takeAll(nodes[0] as Node);
          for (const node of nodes) await act(node, "call", AMOUNT);
          expect(used).toBeLessThanOrEqual(AMOUNT);
          // What was granted and never arrived is not lost: each says what it holds.
          for (const node of nodes) await settled(node, "tell");
          await takeAll(nodes[0] as Node);
          // A bucket counts twice what was said in questions whose answers were lost.
          if (algorithm === "window") expect(used).toBe(AMOUNT);
        } finally {
          nodes.forEach(stop);
        }
      }),
      { numRuns: runs(25) },
    );
  },
  60_000,
);

it("of a bucket, what a node holds can be gained again once the node is gone", async () => {
  cluster++;
  const limit: SharedLimit = { algorithm: "token-bucket", unit: "requests", amount: 10, windowMs: 50 };
  const [gone, living] = [await startNode(), await startNode()];
  const ask = async ({ limits, link }: Node, need: number) => {
    const nowMs = Date.now();
    const claim = limits.beginLease(limit, COUNTER, { keep: 20, isWanted: need > 0, nowMs, answerByMs: nowMs + 1000 });
    if (typeof claim !== "object") throw new Error(claim);
    const [answer] = await link.ask([{ counter: COUNTER, kind: "bucket", whole: true, ...limit, claim, need }]);
    limits.endLease(limit, COUNTER, claim, answer?.granted ?? 0, 0, nowMs, 0);
    return claim.held + (answer?.granted ?? 0);
  };
  /** The most that the living one can hold, in so much time that the bucket is full many times over. */
  const most = async () => {
    let held = 0;
    for (const endMs = Date.now() + 300; Date.now() < endMs; ) held = await ask(living, 20);
    return held;
  };
  const kept = await ask(gone, 4);
  expect(kept).toBeGreaterThan(0);
  gone.link.close();
  expect(await most()).toBe(10 - kept);
  await redis.client.zadd(`tidegate:{faults-${cluster}}:nodes`, Date.now() - 5_001, gone.limits.node.id);
  expect(await most()).toBe(10);
  gone.limits.close();
  stop(living);
});

/** What Redis says to a node that wants one request, of the window of `nowMs`. */
async function askForOne({ limits, link }: Node, limit: SharedLimit, nowMs: number): Promise<LeaseAnswer | null> {
  const claim = limits.beginLease(limit, COUNTER, { keep: 9, isWanted: true, nowMs, answerByMs: nowMs });
  if (typeof claim !== "object") throw new Error(claim);
  const kind = KINDS[limit.algorithm];
  const [answer = null] = await link.ask([{ counter: COUNTER, kind, whole: true, ...limit, claim, need: 1 }]);
  limits.endLease(limit, COUNTER, claim, answer?.granted ?? 0, answer?.unleased ?? 0, nowMs, 0);
  return answer;
}

const YEAR_MS = 365 * 86_400_000;
const ONE: SharedLimit = { algorithm: "sliding-window", unit: "requests", amount: 1, windowMs: YEAR_MS };

it("what other nodes have used in the window before keeps a sliding window from granting, and slides out of it", async () => {
  cluster++;
  const [first, second] = [await startNode(), await startNode()];
  const endMs = (Math.floor(Date.now() / YEAR_MS) + 1) * YEAR_MS;
  expect(await askForOne(first, ONE, Date.now() - YEAR_MS)).toMatchObject({ granted: 1 });
  const askedAtMs = Date.now();
  const refused = await askForOne(second, ONE, askedAtMs);
  expect(refused).toMatchObject({ granted: 0, others: 0 });
  // All of it has to be gone, which is when this window ends.
  expect(Math.abs(endMs - askedAtMs + (refused?.unleased ?? 0))).toBeLessThan(60_000);
  expect(second.limits.reserve(ONE, "k", 1, askedAtMs)).toBe("refused");
  expect(Math.abs(endMs - askedAtMs - second.limits.retryAfterMs)).toBeLessThan(60_000);
  // Of a fixed window, the one before says nothing.
  expect(await askForOne(second, { ...ONE, algorithm: "window", windowMs: YEAR_MS / 2 }, askedAtMs)).toMatchObject({
    granted: 1,
  });
  stop(first);
  stop(second);
});

it("of a sliding window, a Redis without its memory takes all of the window before for used", async () => {
  cluster++;
  const node = await startNode({ redisRun: "00000000000000ff", nodes: 1 });
  expect(await askForOne(node, ONE, Date.now())).toMatchObject({ granted: 0, others: 0 });
  expect(await askForOne(node, { ...ONE, algorithm: "window", windowMs: YEAR_MS / 2 }, Date.now())).toMatchObject({
    granted: 1,
  });
  stop(node);
});

it("who is the first to come back to a Redis without its memory gets no more than its share", async () => {
  cluster++;
  const node = await startNode({ redisRun: "00000000000000ff", nodes: 3 });
  expect(node.link.nodes).toBe(3);
  const limit: SharedLimit = { algorithm: "window", unit: "requests", amount: 60, windowMs: 365 * 86_400_000 };
  let granted = 0;
  for (let i = 0; i < 20; i++) {
    const nowMs = Date.now();
    const claim = node.limits.beginLease(limit, COUNTER, { keep: 60, isWanted: true, nowMs, answerByMs: nowMs });
    if (typeof claim !== "object") throw new Error(claim);
    const [answer] = await node.link.ask([
      { counter: COUNTER, kind: "window", whole: true, ...limit, claim, need: 60 },
    ]);
    granted += answer?.granted ?? 0;
    node.limits.endLease(limit, COUNTER, claim, answer?.granted ?? 0, 0, nowMs, 0);
  }
  expect(granted).toBe(20);
  stop(node);
});

it("a process that was busy itself does not take Redis for away", async () => {
  cluster++;
  const node = await startNode();
  const limit: SharedLimit = { algorithm: "window", unit: "requests", amount: 10, windowMs: 365 * 86_400_000 };
  const ask = () => {
    const nowMs = Date.now();
    const claim = node.limits.beginLease(limit, COUNTER, { keep: 0, isWanted: true, nowMs, answerByMs: nowMs });
    if (typeof claim !== "object") throw new Error(claim);
    return node.link.ask([{ counter: COUNTER, kind: "window", whole: true, ...limit, claim, need: 1 }]);
  };
  // Redis knows the script from now on.
  await ask();
  const answer = ask();
  for (const endMs = Date.now() + 700; Date.now() < endMs; );
  expect(await answer).toEqual([{ granted: 1, unleased: 9, others: 0 }]);
  expect(node.link.state).toBe("connected");
  stop(node);
});
