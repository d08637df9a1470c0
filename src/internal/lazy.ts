import { ConfigError } from '../errors.ts';

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

/** Loads a package on first use; when it is not installed, says how to install it. */
export async function peer<T>(owner: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    if (missing)
      throw new ConfigError(
        'missing_dependency',
        `${owner} needs the package ${name}, which is not installed`,
        {
          provider: owner,
          hint: `Run: npm install ${name}`,
        },
      );
    throw new ConfigError('missing_dependency', `${owner} could not load the package ${name}`, {
      provider: owner,
      cause: error,
      hint: `Run: npm install ${name}`,
    });
  }
}
