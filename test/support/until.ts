const later = setTimeout; // not the fake one of a test

/** Waits until `holds` returns true. Checks every millisecond, and leaves the core to others. Fails after
 *  fifty seconds, because a slow machine must not fail a test. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 50_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => later(resolve, 1));
  }
}
