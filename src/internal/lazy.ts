/** Made once, on first use; a failure is forgotten, so that the next use tries again. Who uses none of it is not burdened with what
 *  it would load: bundlers are told that the call itself does nothing. */
// @__NO_SIDE_EFFECTS__
export function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () => {
    pending ??= make().catch((error: unknown) => {
      pending = undefined;
      throw error;
    });
    return pending;
  };
}
