import type { Entry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { wrongInside } from '../report/problems.ts';
import { shapeOf } from './keys.ts';
import { Texts, validateTexts } from './texts.ts';

/** What zod, valibot, arktype and many others are: the Standard Schema interface, version 1 (https://standardschema.dev). */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': StandardSchemaV1.Props<Input, Output>;
}

export declare namespace StandardSchemaV1 {
  export interface Props<Input = unknown, Output = Input> {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>;
    readonly types?: Types<Input, Output> | undefined;
  }
  export interface Types<Input = unknown, Output = Input> {
    readonly input: Input;
    readonly output: Output;
  }
  export type Result<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: ReadonlyArray<Issue> };
  export interface Issue {
    readonly message: string;
    readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
  }
  export type InferInput<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['input'];
  export type InferOutput<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['output'];
}

export function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as { '~standard'?: unknown })['~standard'];
  return typeof standard === 'object' && standard !== null && typeof (standard as { validate?: unknown }).validate === 'function';
}

/** What a schema makes of one entry; its strings are read as the schema wants where the source has only text.
 *  @throws ConfigError `validation`, without the value if it is secret */
export async function parseLeaf<S extends StandardSchemaV1>(schema: S, entry: Entry): Promise<StandardSchemaV1.InferOutput<S>> {
  const shape = shapeOf(schema);
  const texts = new Texts();
  if (entry.text) texts.add([], entry.value, shape);
  const result = await validateTexts(schema, texts, () => texts.read([], entry.value));
  if ('value' in result) return result.value as StandardSchemaV1.InferOutput<S>;
  const secret = entry.secret || shape.secret;
  const found = {
    key: entry.key,
    value: entry.value,
    read: texts.read([], entry.value),
    secret,
    secrets: secret ? [entry.value] : [],
    shape,
    origin: entry.origin,
    text: entry.text === true,
  };
  const problems = result.issues.map((issue) => wrongInside(issue, found));
  const [first] = problems;
  throw new ConfigError('validation', `"${entry.key}" from ${entry.origin}: ${first?.message}`, {
    key: entry.key,
    origin: entry.origin,
    problems,
    ...(first?.hint && { hint: first.hint }),
  });
}
