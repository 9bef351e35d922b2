import { GatewayError } from "../../../contracts/errors.ts";
import type { AddressPolicySnapshot, PolicyLevel } from "../../../contracts/policies.ts";
import { compileRanges } from "../../acceptor/address-ranges.ts";

export interface AddressList {
  readonly level: PolicyLevel;
  /** What is no address is let in nowhere. */
  readonly admits: (address: string) => boolean;
}

export function compileAddressList({ allow, deny }: AddressPolicySnapshot, level: PolicyLevel): AddressList {
  const isAllowed = compileRanges(allow ?? ["0.0.0.0/0", "::/0"]);
  const isDenied = compileRanges(deny);
  return { level, admits: (address) => isAllowed(address) && !isDenied(address) };
}

/** Throws `address_denied`, unless all of them let the caller in. */
export function checkAddress(lists: readonly AddressList[], address: string): void {
  for (const { level, admits } of lists) {
    if (admits(address)) continue;
    throw new GatewayError(
      "address_denied",
      `calls from ${address} are not allowed here, by the ${level}'s address list`,
    );
  }
}
