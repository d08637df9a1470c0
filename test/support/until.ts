/** Resolves once `holds` answers true: asked whenever the event loop has come around, for at most fifty seconds: a busy machine is no failure. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 50_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it never came true: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
