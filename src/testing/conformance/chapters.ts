// The chapters of `describeProvider`. Those of the other suites are beside their sentences.

import { batch } from './batch.ts';
import { change } from './change.ts';
import { faults } from './faults.ts';
import { health } from './health.ts';
import { lifecycle } from './lifecycle.ts';
import { list } from './list.ts';
import { read } from './read.ts';
import { refresh } from './refresh.ts';
import { known, renew } from './renewal.ts';
import type { Chapter } from './sentence.ts';
import { values } from './values.ts';
import { versions } from './versions.ts';
import { watch } from './watch.ts';
import { where } from './where.ts';
import { write } from './write.ts';

/** Everything that `describeProvider` checks, in the order in which a runner prints it. */
export const chapters: readonly Chapter[] = [
  lifecycle,
  where,
  read,
  values,
  list,
  batch,
  write,
  versions,
  change,
  watch,
  refresh,
  renew,
  known,
  health,
  faults,
];
