import { createHmac, timingSafeEqual } from "node:crypto";

/** Payloads that were made here, for one owner: signed with keys that the master key gives for one purpose, and the same each time. */
export class SignedPayloads {
  readonly #masterKeys: () => readonly Buffer[];
  readonly #purpose: string;
  readonly #macBytes: number;
  #keys: readonly Buffer[] | null = null;

  /** The first key signs; what was signed with the others is taken. Asked for when there is something to sign. */
  constructor(masterKeys: () => readonly Buffer[], purpose: string, macBytes: number) {
    this.#masterKeys = masterKeys;
    this.#purpose = purpose;
    this.#macBytes = macBytes;
  }

  /** At least one. */
  get keys(): readonly Buffer[] {
    this.#keys ??= this.#masterKeys().map((key) => createHmac("sha256", key).update(this.#purpose).digest());
    return this.#keys;
  }

  sign(owner: string, payload: Buffer): Buffer {
    return Buffer.concat([this.#macOf(this.keys[0] as Buffer, owner, payload), payload]);
  }

  /** The payload; null: it was not signed here, or is another owner's. */
  open(owner: string, signed: Buffer): Buffer | null {
    const mac = signed.subarray(0, this.#macBytes);
    const payload = signed.subarray(this.#macBytes);
    const isSigned = (key: Buffer) => {
      const expected = this.#macOf(key, owner, payload);
      return mac.length === expected.length && timingSafeEqual(mac, expected);
    };
    return this.keys.some(isSigned) ? payload : null;
  }

  #macOf(key: Buffer, owner: string, payload: Buffer): Buffer {
    return createHmac("sha256", key).update(owner).update(payload).digest().subarray(0, this.#macBytes);
  }
}
