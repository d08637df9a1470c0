// Schemas for texts with a unit: `10s`, `2h30m`, `10MB`. Own Standard Schemas, and the same for zod and
// valibot, which take no schema of another library inside an object. The core loads this file at once, so it
// is small: the report finds its words in the schema, as `x-expects`.

import { type Check, checkOptions } from '../internal/options.ts';
import type { ValibotOf, Zod, ZodOf } from './library-types.ts';
import type { StandardSchemaV1 } from './schema.ts';

/** Limits of a `duration()` or of `bytes()`, with a unit. */
export interface UnitOptions {
  /** The smallest value: `'500ms'`, `'1kB'`. @default none */
  readonly min?: string;
  /** The largest value: `'1h'`, `'16MiB'`. @default none */
  readonly max?: string;
}

interface AnyZod {
  string(): ZodText;
}

interface ZodText {
  readonly meta?: (metadata: object) => ZodText;
  transform(change: (text: unknown, context: { addIssue(issue: Issue): void }) => unknown): unknown;
}

/** What `valibot` needs of valibot 1. */
interface Valibot {
  string(): unknown;
  readonly pipe: unknown;
  readonly metadata: unknown;
  readonly rawTransform: unknown;
}

interface AnyValibot {
  string(): unknown;
  pipe(...steps: unknown[]): unknown;
  metadata(metadata: object): unknown;
  rawTransform(
    change: (context: {
      readonly dataset: { readonly value: unknown };
      addIssue(issue: Issue): void;
    }) => unknown,
  ): unknown;
}

/** A schema of zod from a text to a number. */
export type ZodUnit<Z extends Zod> = ZodOf<Z, number>;

/** A schema of valibot from a text to a number. */
export type ValibotUnit = ValibotOf<'string', 'string', string, number>;

/** Makes schemas for texts with a unit. */
export interface UnitSchema {
  (options?: UnitOptions): StandardSchemaV1<string, number>;
  /** The same as a schema of zod, for a place inside an object. Takes the `z` of your application. */
  zod<Z extends Zod>(z: Z, options?: UnitOptions): ZodUnit<Z>;
  /** The same as a schema of valibot. Takes `* as v` of your application. */
  valibot(v: Valibot, options?: UnitOptions): ValibotUnit;
}

type Units = Readonly<Record<string, number>>;

/** The number that a text means: parts with a unit each, the largest unit first. NaN for anything else. */
function numberOf(text: unknown, units: Units): number {
  if (typeof text !== 'string' || !text || text.length > 99) return Number.NaN; // longer ones would take time
  let [sum, last] = [0, Number.POSITIVE_INFINITY];
  const rest = text.replace(/(\d+(?:\.\d+)?) ?([a-z]+) ?/gi, (part, digits: string, name: string) => {
    const size = Object.hasOwn(units, name) ? (units[name] as number) : last;
    if (size >= last) return part;
    sum += +digits * (last = size);
    return '';
  });
  const whole = Math.round(sum); // sums of fractions are not exact
  return !rest && Math.abs(whole - sum) < 1e-6 && Number.isSafeInteger(whole) ? whole : Number.NaN;
}

interface Issue {
  readonly message: string;
}

function unitSchema(owner: string, what: string, units: Units): UnitSchema {
  const limit: Check = (value) => (numberOf(value, units) >= 0 ? undefined : what);
  const made = (options: UnitOptions = {}) => {
    checkOptions(owner, options, { min: limit, max: limit });
    const { min, max } = options;
    const words = [what, min && `at least ${min}`, max && `at most ${max}`].filter(Boolean).join(', ');
    const read = (value: unknown, refuse: (issue: Issue) => void): number | undefined => {
      const number = numberOf(value, units);
      if (number >= (min ? numberOf(min, units) : 0) && !(max && number > numberOf(max, units)))
        return number;
      // in the words of zod, so that the report does not take them for those of an author
      refuse({ code: 'invalid_format', message: `Invalid input: expected ${words}` } as Issue);
    };
    return [{ 'x-expects': words }, read] as const;
  };
  const schema = (options?: UnitOptions) => {
    const [marks, read] = made(options);
    const validate = (input: unknown) => {
      const issues: Issue[] = [];
      const value = read(input, (issue) => issues.push(issue));
      return issues[0] ? { issues } : { value };
    };
    const jsonSchema = {
      input: () => ({ type: 'string', ...marks }),
      output: () => ({ type: 'integer' }),
    };
    return { '~standard': { version: 1, vendor: 'llm-config-manager', validate, jsonSchema } };
  };
  return Object.assign(schema, {
    zod(z: AnyZod, options?: UnitOptions) {
      const [marks, read] = made(options);
      const text = z.string();
      return (text.meta?.(marks) ?? text).transform((value, context) =>
        read(value, (issue) => context.addIssue(issue)),
      );
    },
    valibot(v: AnyValibot, options?: UnitOptions) {
      const [marks, read] = made(options);
      return v.pipe(
        v.string(),
        v.metadata(marks),
        v.rawTransform(({ dataset, addIssue }) => read(dataset.value, addIssue)),
      );
    },
  }) as never;
}

/** A schema for durations with a unit: `500ms`, `10s`, `2h30m`, `1d`. The result is in milliseconds. Refuses
 *  a number without a unit.
 *  @example
 *  const Schema = z.object({ timeout: duration.zod(z, { max: '1h' }).prefault('10s') });
 *  const timeoutMs = await chain.require('timeout', duration());
 *  @see bytes */
export const duration: UnitSchema = /* @__PURE__ */ unitSchema(
  'duration',
  'a duration with a unit, such as 10s or 2h30m',
  { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 },
);

/** A schema for sizes with a unit: `64kB`, `10MB`, `1GiB`. The result is in bytes: 1 kB has 1,000 bytes, and
 *  1 KiB has 1,024. Refuses a number without a unit.
 *  @example
 *  const Schema = v.object({ upload: v.optional(bytes.valibot(v, { max: '1GiB' }), '10MB') });
 *  @see duration */
export const bytes: UnitSchema = /* @__PURE__ */ unitSchema(
  'bytes',
  'a size with a unit, such as 10MB or 1GiB',
  {
    TiB: 2 ** 40,
    TB: 1e12,
    GiB: 2 ** 30,
    GB: 1e9,
    MiB: 2 ** 20,
    MB: 1e6,
    KiB: 2 ** 10,
    KB: 1e3,
    kB: 1e3,
    B: 1,
  },
);
