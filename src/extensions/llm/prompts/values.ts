// The values of a prompt's variables: what a caller gives, defaults, and what a schema makes of them. Used by
// prompts.ts. Errors name variables, never values: those may be words of a user.

import { ConfigError } from '../../../errors.ts';
import type { StandardSchemaV1 } from '../../../schema/schema.ts';
import { inside, isPlain } from '../../../value.ts';
import type { PromptData } from './prompt-data.ts';
import { absent, type Template } from './template.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Makes what completes the values of a caller. `who`: the prompt as errors name it. */
export function completing(
  who: string,
  { variables }: PromptData,
  template: Template,
  schema: StandardSchemaV1 | undefined,
): (given: object) => Values {
  const read = [...new Set(template.variables.map(({ name }) => name))];
  if (schema) return (given) => ofSchema(who, schema, read, given);
  // without a list of variables, what is only a condition may be missing
  const needed = new Set(
    template.variables.filter(({ isCondition }) => !isCondition).map(({ name }) => name),
  );
  const rules = (variables ? Object.keys(variables) : read).map((name) => {
    const { required = !variables && needed.has(name), default: fallback = absent } = variables?.[name] ?? {};
    return { name, required, fallback };
  });
  // a copy of a literal is read faster than an object that grows
  const blank: Readonly<Record<string, unknown>> = Object.fromEntries(
    rules.map(({ name }) => [name, absent]),
  );
  return (given) => {
    const values: Record<string, unknown> = { ...blank };
    for (const { name, required, fallback } of rules) {
      const value = inside(given, name) ?? fallback;
      if (value === absent && required && variables) throw missing(who, name);
      values[name] = value === absent && required ? undefined : value;
    }
    return values;
  };
}

const missing = (who: string, name: string): ConfigError =>
  new ConfigError('validation', `${who}: the variable ${name} is missing`, {
    hint: 'Pass it, or give it a default in variables',
  });

function ofSchema(who: string, schema: StandardSchemaV1, read: readonly string[], given: object): Values {
  const result = schema['~standard'].validate(given);
  if ('then' in result)
    throw new ConfigError('invalid_option', `${who}: the schema of its variables is asynchronous`, {
      hint: 'Use a schema without asynchronous checks',
    });
  if (result.issues) {
    // the other names and the messages may be words of the caller's data
    const names = result.issues.flatMap(({ path = [] }) => {
      const [first] = path;
      const name = typeof first === 'object' ? first.key : first;
      return typeof name === 'string' && read.includes(name) ? [name] : [];
    });
    const which = names.length > 0 ? `: ${[...new Set(names)].join(', ')}` : '';
    throw new ConfigError('validation', `${who}: the schema refuses its variables${which}`, {
      hint: 'Validate them with the schema to see why',
    });
  }
  const { value } = result;
  if (!isPlain(value))
    throw new ConfigError('invalid_option', `${who}: the schema of its variables does not return an object`);
  const values: Record<string, unknown> = Object.create(null);
  for (const name of read) values[name] = inside(value, name) ?? absent;
  return values;
}
