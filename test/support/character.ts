import fc from 'fast-check';

const surrogates = 0x800;

/** Any character but half a surrogate pair. fast-check's own `unit: 'binary'` takes a second to begin. */
export const character: fc.Arbitrary<string> = fc.integer({ min: 0, max: 0x10ffff - surrogates }).map(
  (index) => String.fromCodePoint(index < 0xd800 ? index : index + surrogates),
  (text) => {
    const [one, ...more] = text as string;
    if (one === undefined || more.length > 0) throw new Error('not one character');
    const point = one.codePointAt(0) as number;
    return point < 0xd800 ? point : point - surrogates;
  },
);
