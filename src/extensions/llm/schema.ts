// `llmSchema`: the schema of the section `llm`, of this library's own and as a schema of zod or valibot, for
// a place inside the schema of an application. Both have the keys of the shape; the checks are the same.

import type { ValibotOf, Zod, ZodOf } from '../../schema/library-types.ts';
import type { StandardSchemaV1 } from '../../schema/schema.ts';
import { frozen } from '../../value.ts';
import { issuesOf } from './check.ts';
import type { LlmData } from './data.ts';
import type { Issue } from './issues.ts';
import { missingParts } from './missing-parts.ts';
import { parts } from './parts.ts';
import { type Part, shape } from './shape.ts';

interface AnyZod {
  any(): ZodAny;
}

interface ZodAny {
  readonly meta?: (metadata: object) => ZodAny;
  superRefine(
    check: (value: unknown, context: { addIssue(issue: object): void }) => void | Promise<void>,
  ): unknown;
}

/** What `valibot` needs of valibot 1. */
interface Valibot {
  readonly looseObject: unknown;
  readonly pipe: unknown;
  readonly rawCheck: unknown;
}

type AnyValibot = Readonly<Record<string, (...args: unknown[]) => object>>;

/** A schema of zod for the section. */
export type ZodLlm<Z extends Zod> = ZodOf<Z, LlmData>;

/** A schema of valibot for the section. */
export type ValibotLlm = ValibotOf<'loose_object', 'Object', LlmData>;

/** The schema of the section `llm`, and the same for other libraries. */
export interface LlmSchema extends StandardSchemaV1<LlmData> {
  /** The same as a schema of zod, for a place inside an object. Takes the `z` of your application. */
  zod<Z extends Zod>(z: Z): ZodLlm<Z>;
  /** The same as a schema of valibot. Takes `* as v` of your application. */
  valibot(v: Valibot): ValibotLlm;
}

const validated = (given: unknown): StandardSchemaV1.Result<LlmData> => {
  const issues = issuesOf(given);
  return issues.length > 0 ? { issues } : { value: frozen(given) as LlmData };
};

const standard = {
  version: 1,
  vendor: 'llm-config-manager',
  validate: (given: unknown) => afterParts(given, () => validated(given)),
  jsonSchema: { input: () => shape },
};

/** Checks a section, once the parts are loaded that it needs. Asynchronous only if one is not. */
function afterParts<T>(section: unknown, check: () => T): T | Promise<T> {
  const loading = missingParts(section);
  return loading ? loading.then(check) : check();
}

/** The schema of the endpoints and tasks of LLMs. `loadLlm` loads it by itself; use it where the section is
 *  part of a larger configuration.
 *  @example
 *  const config = await loadConfig(z.object({ port: z.number(), llm: llmSchema.zod(z) }), chain);
 *  await using ai = await loadLlm(config, { at: 'llm' });
 *  @see loadLlm */
export const llmSchema: LlmSchema = Object.freeze({
  '~standard': Object.freeze(standard),
  zod(z: AnyZod) {
    const section = z.any();
    return (section.meta?.(shape) ?? section).superRefine((value, context) =>
      afterParts(value, () => {
        for (const { path, message } of issuesOf(value)) context.addIssue({ code: 'custom', path, message });
      }),
    );
  },
  valibot(v: AnyValibot) {
    const check = (context: {
      readonly dataset: { readonly value: unknown; readonly typed: boolean };
      addIssue(issue: object): void;
    }): void => {
      const { value, typed } = context.dataset;
      if (!typed) return;
      // this check cannot wait: loadLlm makes those of a part that is not loaded yet
      void missingParts(value)?.catch(() => undefined);
      for (const { path, message } of issuesOf(value))
        context.addIssue({ message, path: itemsOf(path, value) });
    };
    return (v.pipe as AnyValibot[string])(valibotOf(shape, v), (v.rawCheck as AnyValibot[string])(check));
  },
}) as never;

/** The schema for a load of its own, which also knows schemas of the variables of prompts. */
export function schemaWith(
  schemas: Readonly<Record<string, StandardSchemaV1>> | undefined,
): StandardSchemaV1<LlmData> {
  if (!schemas) return llmSchema;
  const validate = async (given: unknown): Promise<StandardSchemaV1.Result<LlmData>> => {
    const result = await standard.validate(given);
    if (result.issues) return result;
    const { checkSchemas } = await parts.prompts.load();
    const issues: Issue[] = [];
    await checkSchemas(result.value, schemas, (path, message) => void issues.push({ path, message }));
    return issues.length > 0 ? { issues } : result;
  };
  return { '~standard': { ...standard, validate } } as StandardSchemaV1<LlmData>;
}

/** The steps of a path, as valibot writes them. */
function itemsOf(path: Issue['path'], input: unknown): readonly object[] {
  let at = input;
  return path.map((key) => {
    const inner: unknown = (at as Record<PropertyKey, unknown> | undefined)?.[key];
    const item = {
      type: Array.isArray(at) ? 'array' : 'object',
      origin: 'value',
      input: at,
      key,
      value: inner,
    };
    at = inner;
    return item;
  });
}

/** The keys and kinds of the shape as a schema of valibot. What else must hold is in `issuesOf`. */
function valibotOf(part: Part, v: AnyValibot): object {
  const make = (name: string, ...args: readonly unknown[]): object =>
    (v[name] as AnyValibot[string])(...args);
  const { type, properties, required = [], additionalProperties, items = {} } = part;
  if (type === undefined) return make('any');
  if (type === 'array') return make('array', valibotOf(items, v));
  if (type === 'integer') return make('pipe', make('number'), make('integer'));
  if (type !== 'object') {
    const leaf = make(type);
    return part['x-secret'] ? make('pipe', leaf, make('metadata', { 'x-secret': true })) : leaf;
  }
  if (!properties) return make('record', make('string'), valibotOf(additionalProperties || {}, v));
  const entries = Object.entries(properties).map(([name, inner]) => {
    const schema = valibotOf(inner, v);
    return [name, required.includes(name) ? schema : make('optional', schema)];
  });
  return make('looseObject', Object.fromEntries(entries));
}
