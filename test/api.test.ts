import { expect, it } from 'vitest';
import { page, report } from '../scripts/api.ts';
import { read } from '../scripts/imports.ts';

it(`${page} says of every export what its signature is; npm run api writes it anew`, () => {
  expect(report()).toBe(read(page));
});
