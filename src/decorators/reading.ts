// What decorators import when they are first read. Apart from them, so that `loadConfigSync` can provide it
// without importing the decorators.

import { lazyModule } from '../internal/lazy.ts';

export const loadRekeying = lazyModule(() => import('./rekeying.ts'));
export const loadRenaming = lazyModule(() => import('./renaming.ts'));
export const loadTolerantReads = lazyModule(() => import('./tolerant-reads.ts'));
