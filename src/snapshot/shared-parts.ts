import type { LimitSnapshot, Snapshot } from "../contracts/snapshot.ts";

/**
 * Makes one of what is equal in a snapshot that was just decoded: very many subscriptions have one of a few lists of
 * limits and name one of a few services, and each decoded one has copies of its own. And lets go of the bytes: 200,000
 * subscriptions of 100,000 applications take half the memory then.
 */
export function shareEqualParts(snapshot: Snapshot): void {
  const lists = new Map<string, LimitSnapshot[]>();
  const texts = new Map<string, string>();
  for (const application of snapshot.applications) {
    application.limits = shared(application.limits, lists);
    for (const subscription of application.subscriptions) {
      subscription.limits = shared(subscription.limits, lists);
      subscription.service = sharedText(subscription.service, texts);
    }
    ownTexts(application);
  }
}

function shared(limits: LimitSnapshot[], known: Map<string, LimitSnapshot[]>): LimitSnapshot[] {
  const text = limits.length === 0 ? "" : JSON.stringify(limits);
  const first = known.get(text);
  if (first !== undefined) return first;
  known.set(text, limits);
  Object.freeze(limits);
  return limits;
}

function sharedText(text: string, known: Map<string, string>): string {
  const first = known.get(text);
  if (first !== undefined) return first;
  const own = ownText(text);
  known.set(own, own);
  return own;
}

/** V8 makes a slice of longer parts of a text, which keeps the whole alive: here all that msgpackr has read. */
const LONGEST_COPIED = 12;

function ownText(text: string): string {
  return text.length <= LONGEST_COPIED ? text : Buffer.from(text).toString();
}

function ownTexts(value: object): void {
  // What is shared has been seen to.
  if (Object.isFrozen(value)) return;
  for (const [key, part] of Object.entries(value)) {
    if (typeof part === "string" && key !== "service") Reflect.set(value, key, ownText(part));
    else if (typeof part === "object" && part !== null) ownTexts(part);
  }
}
