import { inspect } from 'node:util';
import { expect } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { parseText } from '../../src/formats/format.ts';
import type { FormatName, Parsed } from '../../src/formats/parsed.ts';
import type { ConfigTree } from '../../src/value.ts';

/** A fake secret. No error may quote it. */
export const fake = 'fake-s3cret-for-tests';

export const parsed = (format: FormatName, text: string): Promise<Parsed> =>
  parseText(format, { provider: 'test', file: `base.${format}`, text });

export const treeOf = async (format: FormatName, text: string): Promise<ConfigTree> =>
  (await parsed(format, text)).tree;

/** The parse error of a text, without the name of the file. Checks first what holds for every parse error. */
export async function refusal(format: FormatName, text: string): Promise<string> {
  const error: unknown = await parsed(format, text).then(
    () => expect.unreachable('the text was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw error;
  expect(error.code).toBe('parse');
  expect(error.origin?.source).toBe(`base.${format}`);
  expect(error.message.startsWith(`base.${format}:${error.origin?.line}:${error.origin?.column}: `)).toBe(
    true,
  );
  expect(`${inspect(error, { depth: null, showHidden: true })}${JSON.stringify(error)}`).not.toContain(fake);
  return error.message.slice(`base.${format}:`.length);
}
