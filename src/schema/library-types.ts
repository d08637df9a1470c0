// The types of the schemas that are made for zod and for valibot, which are never imported. Used by units.ts,
// and by extensions whose section may be part of a schema.

import type { StandardSchemaV1 } from './schema.ts';

/** What `zod` needs of zod 3.24 and later. */
export interface Zod {
  readonly ZodString: abstract new (...args: never) => { transform(transform: never): unknown };
}

/** A schema of the zod Z whose output is T. */
export type ZodOf<Z extends Zod, T> = ReturnType<InstanceType<Z['ZodString']>['transform']> & {
  readonly _output: T;
  readonly _zod: { readonly output: T };
};

/** What an issue of valibot has at least. */
interface ValibotIssue {
  readonly kind: 'schema' | 'validation' | 'transformation';
  readonly type: string;
  readonly input: unknown;
  readonly expected: string | null;
  readonly received: string;
  readonly message: string;
}

/** A schema of valibot. */
export interface ValibotOf<Type extends string, Expects extends string, I, O = I>
  extends StandardSchemaV1<I, O> {
  readonly kind: 'schema';
  readonly type: Type;
  readonly reference: (...args: unknown[]) => never;
  readonly expects: Expects;
  readonly async: false;
  readonly '~standard': StandardSchemaV1.Props<I, O> & { readonly vendor: 'valibot' };
  readonly '~run': (dataset: unknown, config: unknown) => never;
  readonly '~types'?: { readonly input: I; readonly output: O; readonly issue: ValibotIssue } | undefined;
}
