import type { Snapshot } from "../../src/contracts/snapshot.ts";
import type { Touched } from "../../src/control-plane/plane.ts";
import { DatabaseSource } from "../../src/control-plane/snapshot-source/source.ts";
import { applicationMerger, mergeSnapshot } from "../../src/snapshot/merge.ts";
import type { DatabaseKind } from "./databases.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { TestPlane } from "./test-plane.ts";

const HOUR_MS = 3_600_000;

/**
 * A control plane and a gateway in this process: what is in the file and what is in the database, served together. The plane's
 * clock is an hour behind the gateway's: what it lets begin may have ended for calls.
 */
export class PlaneWithGateway {
  readonly test: TestPlane;
  readonly gateway: TestGateway;
  /** What the file has left out of the database, at the last `serve`. */
  leftOut: string[] = [];
  readonly #source: DatabaseSource;
  readonly #base: Snapshot;
  #touched: Touched[] = [];

  static async open(kind: DatabaseKind, yaml: string): Promise<PlaneWithGateway> {
    const gateway = await startGateway(yaml);
    const { providers, models, services } = gateway.snapshot();
    const configured = () => ({ source: "the file", providers, models, services });
    const { url } = gateway;
    const reached = () => ({ url, isOwnListener: true, believedHeaders: [] });
    const test = await TestPlane.open(kind, { configured, gateway: reached });
    test.nowMs = Date.now() - HOUR_MS;
    test.owner = await test.again();
    const source = new DatabaseSource(test.plane);
    await source.load();
    return new PlaneWithGateway(test, gateway, source);
  }

  private constructor(test: TestPlane, gateway: TestGateway, source: DatabaseSource) {
    this.test = test;
    this.gateway = gateway;
    this.#source = source;
    this.#base = gateway.snapshot();
    test.plane.onTouched((touched) => this.#touched.push(...touched));
  }

  /** Brings to the gateway what has changed, in the ways in which the control process does, which come to the same. */
  async serve(): Promise<void> {
    const touched = this.#touched;
    this.#touched = [];
    await this.#source.update(touched);
    const { snapshot, leftOut } = mergeSnapshot(this.#base, this.#source.additions);
    this.leftOut = leftOut;
    const merge = applicationMerger(this.#base);
    for (const one of snapshot.applications) {
      const merged = merge(one.id, this.#source.application(one.id)) ?? one;
      if (JSON.stringify(merged) !== JSON.stringify(one)) throw new Error(`${one.id} is merged in two ways`);
    }
    this.gateway.change((served) => void Object.assign(served, structuredClone(snapshot)));
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await this.test.close();
  }
}
