import { limitReceiveBuffer, listeningDescriptors } from "../../../../../native-bindings/receive-buffer.ts";

/**
 * uWebSockets.js reads on for as long as its own buffer of 512 KiB comes full, even from a connection that it was told to pause
 * meanwhile: of a client that is fast enough it takes the whole body in one turn of the event loop, in which nothing else
 * happens. With so few bytes in the kernel's buffer, which holds twice as many, it never comes full.
 */
const RECEIVE_BUFFER_BYTES = 192 * 1024;

/** Runs `listen`, which opens a listening socket, and bounds what is taken at once of the clients that it accepts. */
export function withBoundedReceiving(listen: () => void): void {
  const before = new Set(listeningDescriptors());
  listen();
  for (const descriptor of listeningDescriptors()) {
    if (!before.has(descriptor)) limitReceiveBuffer(descriptor, RECEIVE_BUFFER_BYTES);
  }
}
