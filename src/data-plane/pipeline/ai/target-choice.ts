import { GatewayError } from "../../../contracts/errors.ts";
import type { AiTarget } from "./ai-target.ts";
import { noKeyFor } from "./key-refusal.ts";
import type { ModelRoute } from "./model-routes.ts";

const NONE: readonly number[] = [];

/**
 * Whose turn it is among a route's targets, for one call. Targets are given by their indices in the route. One target at a
 * time is acquired: its circuit has let the call pass, and the call is not under way there yet.
 */
export class TargetChoice {
  readonly #route: ModelRoute;
  readonly #order: readonly number[];
  #cursor = 0;
  /** A list: most calls try one. */
  readonly #tried: number[] = [];
  /** Targets that can't serve this request, whatever comes. */
  #incapable: readonly number[] = NONE;
  #acquired: AiTarget | null = null;

  /** `order`: in which the targets are to be tried. */
  constructor(route: ModelRoute, order: readonly number[]) {
    this.#route = route;
    this.#order = order;
  }

  /**
   * The next target in turn whose circuit lets a call pass; acquires it. -1: there is none. `begun`: where an attempt is under
   * way already.
   */
  next(begun: AiTarget | null, nowMs: number): number {
    const begunAt = begun === null ? -1 : this.#route.targets.indexOf(begun);
    if (begunAt >= 0 && begun?.breaker.acquire(nowMs) === true) {
      this.#cursor = this.#order.indexOf(begunAt) + 1;
      this.#acquired = begun;
      return begunAt;
    }
    return this.#find(nowMs, null);
  }

  /** The same among those that were not tried. */
  fresh(nowMs: number): number {
    return this.#find(nowMs, (index) => !this.#tried.includes(index));
  }

  /** The same among those that are wanted: one that was not tried, else one that was tried once. */
  preferred(nowMs: number, isWanted: (target: AiTarget) => boolean): number {
    const { targets } = this.#route;
    const wanted = (index: number, tries: number) =>
      isWanted(targets[index] as AiTarget) && this.#tried.filter((one) => one === index).length === tries;
    const fresh = this.#find(nowMs, (index) => wanted(index, 0));
    return fresh >= 0 ? fresh : this.#find(nowMs, (index) => wanted(index, 1));
  }

  #find(nowMs: number, isWanted: ((index: number) => boolean) | null): number {
    const order = this.#order;
    for (let step = 0; step < order.length; step++) {
      const at = (this.#cursor + step) % order.length;
      const index = order[at] as number;
      const target = this.#route.targets[index] as AiTarget;
      if (this.#incapable.includes(index) || isWanted?.(index) === false) continue;
      // Where there is no other, the keys that are out are tried nevertheless.
      if (order.length > 1 && !target.keys.isUsable(target.target.model, nowMs)) continue;
      if (!target.breaker.acquire(nowMs)) continue;
      this.#cursor = at + 1;
      this.#acquired = target;
      return index;
    }
    return -1;
  }

  /** The call is under way at the acquired target. */
  tried(index: number): void {
    this.#tried.push(index);
    this.#acquired = null;
  }

  /** The acquired target can't serve this request: it gets no further call of it. */
  exclude(index: number): void {
    this.release();
    this.#incapable = [...this.#incapable, index];
  }

  /** Its model will not take this request, wherever it is. */
  excludeModel(model: string): void {
    const same = this.#order.filter((index) => this.#route.targets[index]?.target.model === model);
    this.#incapable = [...this.#incapable, ...same];
  }

  /** The call will not be made at the acquired target, which says nothing of it. */
  release(): void {
    this.#acquired?.breaker.released();
    this.#acquired = null;
  }

  /** This target is the next one in turn again. */
  repeat(target: AiTarget): void {
    this.#cursor = this.#order.indexOf(this.#route.targets.indexOf(target));
  }

  /** There is a target that was not tried, and can be. */
  hasFresh(nowMs: number): boolean {
    return this.#order.some((index) => {
      if (this.#tried.includes(index) || this.#incapable.includes(index)) return false;
      const { breaker, keys, target } = this.#route.targets[index] as AiTarget;
      return breaker.permits(nowMs) && keys.isUsable(target.model, nowMs);
    });
  }

  /** Why there is no next target. */
  unavailable(nowMs: number): GatewayError {
    const { name } = this.#route;
    const targets = this.#order.map((index) => this.#route.targets[index] as AiTarget);
    const waits = targets.map((target) => Math.max(0, target.breaker.openUntilMs - nowMs));
    const lacking = targets.find((target) => !target.keys.isUsable(target.target.model, nowMs));
    if (lacking !== undefined) return noKeyFor(lacking, nowMs);
    return new GatewayError(
      "upstream_unavailable",
      `no target of model \`${name}\` is available: all failed recently and are being left alone for a while`,
      { retryAfterMs: Math.max(1000, Math.min(...waits)) },
    );
  }
}
