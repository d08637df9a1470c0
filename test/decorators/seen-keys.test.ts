import { describe, expect, it } from 'vitest';
import { SeenKeys } from '../../src/decorators/seen-keys.ts';
import { makeEntry } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { makeOrigin } from '../../src/origin.ts';

const origin = makeOrigin({ provider: 'store', source: 'store db' });
const error = new ConfigError('disabled', 'store: the secret is disabled');

describe('SeenKeys', () => {
  it('keeps a key that a listing covers with a hole, and forgets one that it no longer has', () => {
    const seen = new SeenKeys();
    const entries = ['db.password', 'llm.model'].map((key) =>
      makeEntry({ key, value: 'fake', secret: false, origin }),
    );
    seen.recordLayer('', {}, { name: 'store', entries, holes: [] });
    seen.recordLayer('', {}, { name: 'store', entries: [], holes: [{ key: 'db', origin, error }] });
    expect([seen.has('db.password'), seen.has('llm.model')]).toEqual([true, false]);
  });
});
