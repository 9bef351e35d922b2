import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "../../src/contracts/logger.ts";
import type { Actor } from "../../src/control-plane/access/actor.ts";
import { permissionsOf } from "../../src/control-plane/access/permissions.ts";
import { createAdminApp } from "../../src/control-plane/admin-api/app.ts";
import { Plane } from "../../src/control-plane/plane.ts";
import { openDatabase } from "../../src/control-plane/storage/database.ts";
import { Sealer } from "../../src/platform/seal.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => SILENT };

export interface TestPlane {
  plane: Plane;
  app: ReturnType<typeof createAdminApp>;
  /** Moves the plane's clock on. */
  pass(ms: number): void;
  close(): Promise<void>;
}

/** A control plane of its own in this process: SQLite in a temporary directory, and a clock that stands still until told. */
export async function openTestPlane(): Promise<TestPlane> {
  const homeDirectory = mkdtempSync(join(tmpdir(), "tidegate-plane-"));
  const database = await openDatabase({ url: undefined, homeDirectory, logger: SILENT });
  let nowMs = Date.now();
  const plane = new Plane({ database, sealer: new Sealer([randomBytes(32)]), logger: SILENT, nowMs: () => nowMs });
  return {
    plane,
    app: createAdminApp(plane),
    pass(ms) {
      nowMs += ms;
    },
    async close() {
      await database.close();
      rmSync(homeDirectory, { recursive: true, force: true });
    },
  };
}

/** Somebody who may do everything, without an account. */
export const ROOT: Actor = {
  kind: "user",
  id: "root",
  name: "root@example.org",
  address: "127.0.0.1",
  userId: null,
  organisation: new Set(permissionsOf("any")),
  teams: new Map(),
};
