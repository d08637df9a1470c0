// What local providers import when they are first read. Apart from them, so that `loadConfigSync` can provide
// it without importing the providers.

import { lazyModule } from '../internal/lazy.ts';

export const loadArguments = lazyModule(() => import('./arguments.ts'));
export const loadEnvironment = lazyModule(() => import('./environment.ts'));
export const loadFileSet = lazyModule(() => import('./file-set.ts'));
export const loadParsedKeys = lazyModule(() => import('./parsed-keys.ts'));
export const loadDotenvFiles = lazyModule(() =>
  Promise.all([import('./dotenv-files.ts'), import('./variables.ts')]),
);
export const loadVolume = lazyModule(() => Promise.all([import('./volume.ts'), import('./volume-keys.ts')]));
