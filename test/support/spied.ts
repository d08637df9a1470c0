import { syncBuiltinESMExports } from 'node:module';
import { afterAll, vi } from 'vitest';

/** Replaces functions of a module of Node with spies until the end of the test file, also where modules
 *  import them by name. Returns the real functions. Unlike `vi.mock`, it works in modules that are shared. */
export function spied<T extends object, K extends keyof T>(builtin: T, ...names: readonly K[]): Pick<T, K> {
  const real = Object.fromEntries(names.map((name) => [name, builtin[name]])) as Pick<T, K>;
  for (const name of names) vi.spyOn(builtin, name as never);
  syncBuiltinESMExports();
  afterAll(() => {
    Object.assign(builtin, real);
    syncBuiltinESMExports();
  });
  return real;
}
