import { createDiffieHellman, getDiffieHellman, hkdfSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reader, Variant, Writer } from '../../../src/providers/keyring/dbus-wire.ts';
import { keyAgreement } from '../../../src/providers/keyring/key-agreement.ts';
import { runs } from '../../support/runs.ts';

const text = fc.string({ unit: 'grapheme' }).filter((one) => !/[\p{Surrogate}\0]/u.test(one));
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 40 }).map((one) => Buffer.from(one));

interface Typed {
  readonly type: string;
  readonly value: unknown;
}

/** A value of any supported type, together with the type. */
const { typed } = fc.letrec<{ typed: Typed }>((tie) => {
  const inner = tie('typed');
  return {
    typed: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.integer({ min: 0, max: 255 }).map((value) => ({ type: 'y', value })),
      fc.boolean().map((value) => ({ type: 'b', value })),
      uint32.map((value) => ({ type: 'u', value })),
      text.map((value) => ({ type: 's', value })),
      text.map((value) => ({ type: 'o', value })),
      fc.constantFrom('', 's', 'a{sv}', '(oayays)').map((value) => ({ type: 'g', value })),
      bytes.map((value) => ({ type: 'ay', value })),
      fc.array(text).map((value) => ({ type: 'as', value })),
      fc.dictionary(text, uint32).map((value) => ({ type: 'a{su}', value: { ...value } })),
      inner.map(({ type, value }) => ({ type: 'v', value: new Variant(type, value) })),
      fc.array(inner, { minLength: 1, maxLength: 4 }).map((all) => ({
        type: `(${all.map(({ type }) => type).join('')})`,
        value: all.map(({ value }) => value),
      })),
    ),
  };
});

/** The value as it is read back: a variant becomes its value. */
const plain = (value: unknown): unknown => {
  if (value instanceof Variant) return plain(value.value);
  return Array.isArray(value) ? value.map(plain) : value;
};

const written = (signature: string, values: readonly unknown[]): Buffer => {
  const writer = new Writer();
  writer.all(signature, values);
  return writer.bytes();
};

describe('the D-Bus wire format', () => {
  it('Reader reads what Writer wrote, in any combination', () => {
    fc.assert(
      fc.property(fc.array(typed, { maxLength: 5 }), (all) => {
        const signature = all.map(({ type }) => type).join('');
        fc.pre(signature.length < 200);
        const values = all.map(({ value }) => value);
        expect(new Reader(written(signature, values)).all(signature)).toEqual(values.map(plain));
      }),
    );
  });

  it('Writer writes the bytes of the specification', () => {
    expect(written('yu', [1, 2]).toString('hex')).toBe('0100000002000000');
    expect(written('s', ['foo']).toString('hex')).toBe('03000000666f6f00');
    expect(written('g', ['ay']).toString('hex')).toBe('02617900');
    expect(written('yv', [7, new Variant('b', true)]).toString('hex')).toBe('0701620001000000');
    // the padding before the first element of an array is not counted
    expect(written('a(y)', [[[9]]]).toString('hex')).toBe('010000000000000009');
    expect(written('a{ss}', [{ a: 'b' }]).toString('hex')).toBe(
      '0e000000000000000100000061000000010000006200',
    );
  });

  it('Reader throws a TypeError or RangeError for noise, and never loops', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('a(yv)', 'a{o(oayays)}', 'v', 'aoao', 'a{sv}'),
        (noise, signature) => {
          try {
            new Reader(Buffer.from(noise)).all(signature);
          } catch (error) {
            expect([TypeError, RangeError]).toContain((error as Error).constructor);
          }
        },
      ),
    );
  });

  it.each(['(', '()', 'a', '{s', 'a{s', '(s', 'z', 'sx', ')'])(
    'Reader refuses the signature %j',
    (signature) => {
      expect(() => new Reader(Buffer.alloc(64)).all(signature)).toThrow(TypeError);
    },
  );

  it('Reader refuses malformed variants, arrays and texts', () => {
    expect(() => new Reader(written('g', [''])).all('v')).toThrow(TypeError);
    expect(() => new Reader(written('gyy', ['yy', 1, 1])).all('v')).toThrow(TypeError);
    const array = written('as', [['fake']]);
    array.writeUInt32LE(6);
    expect(() => new Reader(array).all('as')).toThrow(RangeError);
    const long = written('s', ['fake']);
    long.writeUInt32LE(0xffffffff);
    expect(() => new Reader(long).all('s')).toThrow(RangeError);
  });

  it('Reader stores __proto__ as a plain name', () => {
    const read = new Reader(written('a{ss}', [Object.fromEntries([['__proto__', 'fake']])])).all(
      'a{ss}',
    )[0] as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.entries(read)).toEqual([['__proto__', 'fake']]);
  });
});

describe('the key agreement', () => {
  it('keyAgreement derives the key of another implementation, also with leading zeros', () => {
    const group = getDiffieHellman('modp2');
    const other = createDiffieHellman(group.getPrime(), group.getGenerator());
    const padded = (key: Buffer) => Buffer.concat([Buffer.alloc(128 - key.length), key]);
    const check = (theirs: Buffer, { publicKey, sharedKey }: ReturnType<typeof keyAgreement>): void => {
      const secret = padded(other.computeSecret(publicKey));
      const derived = hkdfSync('sha256', secret, Buffer.alloc(0), Buffer.alloc(0), 16);
      expect(sharedKey(theirs)).toEqual(Buffer.from(derived));
    };
    for (let i = 0; i < runs(20, 400); i++) {
      other.setPrivateKey(randomBytes(127));
      check(other.generateKeys(), keyAgreement());
    }
    // a secret with leading zeros is soon found among small private keys, whose public keys have them, too
    const own = keyAgreement();
    let exponent = 900;
    do other.setPrivateKey(Buffer.from([exponent >> 8, exponent++]));
    while (padded(other.computeSecret(own.publicKey))[0] !== 0);
    check(other.generateKeys(), own);
    other.setPrivateKey(Buffer.from([3, 132])); // 900
    expect(other.generateKeys().length).toBeLessThan(128);
    check(other.generateKeys(), own);
  });

  it.each([
    ['zero', Buffer.alloc(0)],
    ['one', Buffer.of(1)],
  ])('keyAgreement refuses the peer key %s', (_, theirs) => {
    expect(() => keyAgreement().sharedKey(theirs)).toThrow();
  });
});
