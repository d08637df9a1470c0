import { describe, expect, it } from 'vitest';
import { examples, run } from '../scripts/examples.ts';

describe('every example', () => {
  it.each(examples())(
    '$folder runs to its end, prints something and complains of nothing',
    async (example) => {
      const { code, out, err } = await run(example, { built: process.env.EXAMPLES === 'built' });
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).not.toBe('');
    },
    30_000,
  );
});
