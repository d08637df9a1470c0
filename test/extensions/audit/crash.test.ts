// Processes that are killed, and disks that become full. Briefly here; 12 and 20 rounds with PROPERTY_RUNS.

import { describe, expect, it } from 'vitest';
import { full, killed } from './processes.ts';

const isLong = process.env.PROPERTY_RUNS !== undefined;

describe('a log under 50 writers', () => {
  it('loses no acknowledged entry when the process is killed', () => killed(isLong ? 12 : 1), 120_000);

  it('loses no acknowledged entry when the disk is full', async () => {
    const kinds = await full(isLong ? 20 : 2);
    expect(kinds).toContain('limit');
  }, 120_000);
});
