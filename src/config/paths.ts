// Types of `config.get` and `config.at`: the dotted paths into a type, the value at a path, and a read-only
// copy of a type. A section whose type is not known in detail accepts any path.

import type { ConfigTree, ConfigValue, End, IsInstance } from '../value.ts';

type Sections<T> = T extends End ? never : IsInstance<T> extends true ? never : T;

/** Below this depth, a path may go on with any text. */
type Deepest = [1, 1, 1, 1, 1, 1, 1, 1];
type Fewer<D extends readonly 1[]> = D extends readonly [1, ...infer Rest extends readonly 1[]] ? Rest : [];

/** A name with a dot, a slash or a space is quoted, as in every key. */
export type Quoted<K extends string> = string extends K
  ? K
  : K extends `${string}.${string}` | `${string} ${string}` | `${string}/${string}` | ''
    ? `"${K}"`
    : K;

/** Every dotted path into T, to sections and to values. */
export type PathOf<T, D extends readonly 1[] = Deepest> = D extends []
  ? string
  : Sections<T> extends infer S
    ? S extends object
      ? string extends keyof S
        ? string
        : { [K in keyof S & string]: Quoted<K> | `${Quoted<K>}.${PathOf<S[K], Fewer<D>>}` }[keyof S & string]
      : never
    : never;

type Field<T, K extends string> = T extends End
  ? T extends undefined | null
    ? undefined
    : never
  : K extends keyof T
    ? T[K]
    : K extends `"${infer Inner}"`
      ? Inner extends keyof T
        ? T[Inner]
        : never
      : T extends object
        ? undefined
        : never;

/** A record may have any name, but need not. */
type Named<T, K extends string> = T extends End
  ? Field<T, K>
  : string extends keyof T
    ? Field<T, K> | undefined
    : Field<T, K>;

/** The type at a dotted path in T. Includes undefined if a section on the way may be missing. */
export type ValueAt<T, P extends string> = string extends P
  ? unknown
  : P extends ''
    ? T
    : P extends `"${infer Name}".${infer Rest}`
      ? ValueAt<Field<T, `"${Name}"`>, Rest>
      : P extends `"${string}"`
        ? Field<T, P>
        : P extends `${infer Name}.${infer Rest}`
          ? ValueAt<Named<T, Name>, Rest>
          : Named<T, P>;

/** T with everything inside read-only. */
export type DeepReadonly<T> = T extends ConfigValue ? (ConfigValue extends T ? T : Deep<T>) : Deep<T>;

type Deep<T> = T extends ConfigTree | readonly ConfigValue[]
  ? (ConfigTree extends T ? true : readonly ConfigValue[] extends T ? true : false) extends true
    ? T
    : Inner<T>
  : Inner<T>;

type Inner<T> = T extends readonly unknown[]
  ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
  : T extends End
    ? T
    : IsInstance<T> extends true
      ? T
      : T extends object
        ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
        : T;
