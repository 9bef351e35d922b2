/** Waits until the probe gives something, looking at every turn of the event loop; fails after the timeout. */
export async function waitFor<Value>(
  probe: () => Value | undefined | null | false | Promise<Value | undefined | null | false>,
  what: string,
  timeoutMs = 10_000,
): Promise<Value> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
