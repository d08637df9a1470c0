import fc from 'fast-check';
import { makeEntry } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { makeOrigin } from '../../src/origin.ts';
import { fake } from './by-hand.ts';

const throws = (): never => {
  throw new TypeError(fake);
};
const handler = {
  get: (_: object, name: PropertyKey): unknown => (name === 'then' ? undefined : throws()),
  has: (_: object, name: PropertyKey): boolean => (name === fc.cloneMethod ? false : throws()),
  ownKeys: throws,
  isExtensible: throws,
  getPrototypeOf: throws,
  getOwnPropertyDescriptor: throws,
};
class Own {
  readonly password = fake;
}
const origin = makeOrigin({ provider: 'acme', source: 'acme.txt' });
const error = new ConfigError('access_denied', 'access is denied', { provider: 'acme' });

/** Values that no provider should answer, each made afresh. */
const makers: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => 5,
  () => Number.NaN,
  () => 10n,
  () => fake,
  () => '',
  () => true,
  () => Symbol(fake),
  () => throws,
  () => [],
  () => ({}),
  () => ({ password: fake }),
  () => new Date(0),
  () => new Map([['db.host', fake]]),
  () => new Set([fake]),
  () => new Own(),
  () => new Error(fake),
  () => error,
  () => new Proxy({}, handler),
  () => new Proxy([1], handler),
  () => new Proxy(new Map(), {}),
  () => Object.assign([fake], { length: 3 }),
  () => Object.create(null),
  () => Object.defineProperty({}, 'password', { get: throws, enumerable: true }),
  () => JSON.parse(`{ "__proto__": { "x": "${fake}" } }`),
  () => {
    const circle: Record<string, unknown> = { password: fake };
    circle.itself = circle;
    return circle;
  },
  () => Array.from({ length: 200 }).reduce((inner) => ({ inner }), fake),
  () => ({ [Symbol.for('llm-config-manager.error')]: true, message: fake.slice(0, 3) }),
  ...['__proto__.x', 5, 'db.x'].flatMap((key) => [
    () => Object.freeze({ key, origin, error }),
    () => makeEntry({ key: key as string, value: 'v', secret: false, origin }),
  ]),
];

export const junk: fc.Arbitrary<unknown> = fc.constantFrom(...makers).map((make) => make());

const key = fc.constantFrom<unknown>(
  'db.host',
  'db.list',
  'db',
  'a.b',
  '',
  '__proto__.x',
  'db.__proto__.x',
  'db..x',
  'a/d',
  'a b',
  'x'.repeat(600),
  Array(40).fill('k').join('.'),
  5,
  null,
  undefined,
);
const field = (usual: unknown): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: junk });

/** An entry made by hand, a hole, or neither. */
export const junkItem: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record(
      {
        key,
        value: field('v'),
        secret: field(false),
        origin: field({ provider: 'acme', source: 'acme.txt' }),
        leaf: field(() => ({})),
        metadata: field({ type: 'x' }),
        expiresAt: field(5),
        version: field('1'),
        loose: field('always'),
        error: field(undefined),
      },
      { requiredKeys: ['key'] },
    ),
  },
  { weight: 2, arbitrary: junk },
);
