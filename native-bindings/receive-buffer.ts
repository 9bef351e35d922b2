import { readdirSync } from "node:fs";
import { loadAddon } from "./load.ts";

interface ReceiveBufferAddon {
  isListening(descriptor: number): boolean;
  limitReceiveBuffer(descriptor: number, bytes: number): boolean;
}

/** Descriptors of this process' listening sockets. */
export function listeningDescriptors(): number[] {
  const { isListening } = loadAddon() as ReceiveBufferAddon;
  return readdirSync("/proc/self/fd").map(Number).filter(isListening);
}

/**
 * How much the kernel takes from each peer before it is read, of a listening socket for those that it accepts from now on. The
 * kernel takes twice as many, for records of its own (socket(7)). False: it does not.
 */
export function limitReceiveBuffer(descriptor: number, bytes: number): boolean {
  return (loadAddon() as ReceiveBufferAddon).limitReceiveBuffer(descriptor, bytes);
}
