import { hash, verify } from "@node-rs/argon2";
import { ProblemError } from "../problem.ts";

/** `Algorithm.Argon2id`: a const enum, which can't be imported as a value. */
const ARGON2ID = 2;

/** What one guess takes. Each hash says its own. */
export interface PasswordCost {
  memoryKib: number;
  passes: number;
}

/** 19 MiB, 2 passes, 1 lane: the first choice of OWASP's Password Storage Cheat Sheet. */
export const PASSWORD_COST: PasswordCost = { memoryKib: 19_456, passes: 2 };

const MIN_CHARACTERS = 12;
const MAX_BYTES = 512;

/** Length is what makes a password strong (NIST SP 800-63B §3.1.1.2). */
export function requirePassword(password: string): void {
  if ([...password].length < MIN_CHARACTERS) {
    throw new ProblemError("invalid_request", `a password has at least ${MIN_CHARACTERS} characters`, {
      errors: [{ path: "password", message: `at least ${MIN_CHARACTERS} characters` }],
    });
  }
  if (Buffer.byteLength(password) > MAX_BYTES) {
    throw new ProblemError("invalid_request", `a password has at most ${MAX_BYTES} bytes`);
  }
}

export function hashPassword(password: string, { memoryKib, passes }: PasswordCost): Promise<string> {
  return hash(password, { algorithm: ARGON2ID, memoryCost: memoryKib, timeCost: passes, parallelism: 1 });
}

/** Takes as long for somebody who is not known: `passwordHash` null. */
export async function passwordMatches(
  passwordHash: string | null,
  password: string,
  cost: PasswordCost,
): Promise<boolean> {
  if (Buffer.byteLength(password) > MAX_BYTES) return false;
  // Made for the first of all, known or not.
  const standIn = await nobody(cost);
  const matches = await verify(passwordHash ?? standIn, password);
  return matches && passwordHash !== null;
}

const nobodysHashes = new WeakMap<PasswordCost, Promise<string>>();

function nobody(cost: PasswordCost): Promise<string> {
  const made = nobodysHashes.get(cost) ?? hashPassword("nobody has this password", cost);
  nobodysHashes.set(cost, made);
  return made;
}
