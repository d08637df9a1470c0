// The shape of a JSON Schema, which zod and arktype make of their schemas. Marks go beyond the standard:
// `x-read-as` and `x-coerces` from `dialects/`, `x-expects` from `units.ts`, `x-secret` and
// `x-classification` from the schema's author.

import { expected, fits } from './limits.ts';
import { both, either, type Kind, maxReferences, type Shape, unknown } from './shape.ts';

/** A JSON Schema document, or a part of one. */
export interface JsonSchema {
  readonly [name: string]: unknown;
}

const kinds: Readonly<Record<string, Kind>> = {
  string: 'string',
  number: 'number',
  integer: 'integer',
  boolean: 'boolean',
  null: 'null',
  array: 'list',
  object: 'section',
};
const combinations = ['anyOf', 'oneOf', 'allOf'] as const;

/** The shape that a JSON Schema document describes. */
export function fromJsonSchema(root: JsonSchema): Shape {
  const target = (ref: string): unknown =>
    ref
      .split('/')
      .slice(1)
      .reduce<unknown>(
        (at, step) =>
          (at as JsonSchema | undefined)?.[
            decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
          ],
        root,
      );

  let followed = 0;
  const follow = (ref: string, refs: readonly string[]): Shape =>
    refs.includes(ref) || ++followed > maxReferences ? unknown : walk(target(ref), [...refs, ref]);
  const walk = (schema: unknown, refs: readonly string[]): Shape => {
    if (typeof schema !== 'object' || schema === null) return unknown;
    const s = schema as JsonSchema;
    const parts: Shape[] = [];
    if (typeof s.$ref === 'string') parts.push(follow(s.$ref, refs));
    for (const alternatives of [s.anyOf, s.oneOf]) {
      if (Array.isArray(alternatives)) parts.push(either(alternatives.map((one) => walk(one, refs))));
    }
    for (const one of Array.isArray(s.allOf) ? s.allOf : []) parts.push(walk(one, refs));
    const own = ownShape(s, refs, walk);
    const known = own.kinds || parts.length === 0 ? [own, ...parts] : parts;
    return {
      ...known.reduce(both),
      ...marks(s),
      secret: parts.some((part) => part.secret) || marks(s).secret,
    };
  };
  return walk(root, ['#']);
}

function ownShape(
  s: JsonSchema,
  refs: readonly string[],
  walk: (schema: unknown, refs: readonly string[]) => Shape,
): Shape {
  const own = kindsOf(s);
  if (!own)
    return {
      ...unknown,
      open: s['x-read-as'] === undefined && !combinations.some((name) => name in s) && !('$ref' in s),
    };
  const properties = Object.entries((s.properties ?? {}) as JsonSchema);
  const choices = (s.propertyNames as JsonSchema | undefined)?.enum;
  const names = new Map(properties.map(([name, one]) => [name, walk(one, refs)]));
  const others = [s.additionalProperties, ...Object.values((s.patternProperties ?? {}) as JsonSchema)].filter(
    (one) => one !== undefined && one !== false,
  );
  if (Array.isArray(choices))
    for (const name of choices) names.set(String(name), walk(s.additionalProperties, refs));
  const rest =
    others.length > 0 && !Array.isArray(choices) ? either(others.map((one) => walk(one, refs))) : undefined;
  const items = s.items !== undefined && s.items !== false ? walk(s.items, refs) : undefined;
  const tuple = Array.isArray(s.prefixItems) ? s.prefixItems.map((one) => walk(one, refs)) : undefined;
  const words = s['x-expects'];
  const expects = typeof words === 'string' ? words : expected(own, s, items);
  return {
    kinds: own,
    ...(expects && { expects }),
    names,
    required: new Set(Array.isArray(s.required) ? s.required.map(String) : []),
    ...(rest && { rest }),
    closed: s.additionalProperties === false,
    ...(items && { items }),
    ...(tuple && { tuple }),
    check: (value) => !words && fits(value, own, s),
    open: false,
    secret: false,
  };
}

function kindsOf(s: JsonSchema): ReadonlySet<Kind> | undefined {
  const marked = s['x-read-as'];
  if (marked === 'anything') return undefined;
  if (marked === 'bigint' || marked === 'date') return new Set([marked]);
  if (typeof s.type === 'string' || Array.isArray(s.type))
    return new Set([s.type].flat().map((type) => kinds[type as string] ?? 'string'));
  if ('const' in s) return new Set([kindOf(s.const)]);
  if (Array.isArray(s.enum)) return new Set(s.enum.map(kindOf));
  if ('properties' in s || 'additionalProperties' in s) return new Set<Kind>(['section']);
  return undefined;
}

function kindOf(value: unknown): Kind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' ? 'section' : (kinds[typeof value] ?? 'string');
}

function marks(s: JsonSchema): Pick<Shape, 'default' | 'description' | 'coerces' | 'secret' | 'public'> {
  return {
    ...('default' in s && { default: { value: s.default } }),
    ...(typeof s.description === 'string' && { description: s.description }),
    ...(s['x-coerces'] === true && { coerces: true }),
    secret: isMarkedSecret(s),
    ...(isMarkedPublic(s) && { public: true }),
  };
}

/** Whether the schema's author marked a value as public. */
export const isMarkedPublic = (s: JsonSchema): boolean =>
  s['x-secret'] === false || s['x-classification'] === 'public';

/** Whether the schema's author marked a value as secret. */
export function isMarkedSecret(s: JsonSchema): boolean {
  const classification = s['x-classification'];
  return (
    s['x-secret'] === true ||
    s.format === 'password' ||
    (typeof classification === 'string' && !['public', 'internal'].includes(classification.toLowerCase()))
  );
}
