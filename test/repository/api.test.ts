import { expect, it } from 'vitest';
import { page, report } from '../../scripts/api.ts';
import { read } from '../../scripts/files.ts';

it(`${page} has the signature of every export (refresh it with npm run api)`, () => {
  expect(report()).toBe(read(page));
});
