import { type Key, keyOf, screaming, segments } from '../key.ts';
import { show } from '../redact.ts';
import { describeKeys, type SchemaKey } from './keys.ts';
import type { StandardSchemaV1 } from './schema.ts';

export interface EnvExampleOptions {
  /** As for `EnvProvider`: `APP` makes `APP__DATABASE__HOST`. @default none */
  readonly prefix?: string;
  /** What stands between the segments of a key. @default '__' */
  readonly separator?: string;
  /** As for `EnvProvider`: the exact names of variables, by key. @default {} */
  readonly variables?: Readonly<Record<Key, string>>;
}

/** A commented `.env.example` of all keys that a schema reads: what is required stands ready to be filled in, the rest is commented out.
 *  Secrets are left empty. */
export function envExample(schema: StandardSchemaV1, { prefix, separator = '__', variables = {} }: EnvExampleOptions = {}): string {
  const { keys, open } = describeKeys(schema);
  const named = new Map(Object.entries(variables).map(([key, name]) => [keyOf(key), name]));
  const nameOf = (key: Key): string => named.get(key) ?? [...(prefix ? [prefix] : []), ...segments(key).map(screaming)].join(separator);
  const blocks = keys.map((key) => [...remarks(key), line(nameOf(key.key), key)].join('\n'));
  const more = open.map((key) =>
    key === '' ? '# The schema may read more variables than these.' : `# More may be read as ${nameOf(key)}${separator}…`,
  );
  return `${[...blocks, ...more].join('\n\n')}\n`;
}

function remarks({ description, type, required, secret }: SchemaKey): string[] {
  const what = [type, required === false ? 'optional' : required ? 'required' : undefined, secret ? 'secret' : undefined]
    .filter(Boolean)
    .join(', ');
  return [...(description ? description.split(/\s*\n\s*/) : []), what].filter(Boolean).map((text) => `# ${text}`);
}

function line(name: string, key: SchemaKey): string {
  const value = 'default' in key && !key.secret ? textOf(key.default) : '';
  return key.required === false ? `# ${name}=${value}` : `${name}=${value}`;
}

/** A value as a dotenv file has it; nothing for what looks like a secret. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  const shown = show(value as never, false, 500);
  if (shown === '[redacted]') return '';
  const text = typeof value === 'string' ? value : shown;
  return /^[\w.,:/@+-]*$/.test(text) ? text : `'${text.replaceAll("'", '')}'`;
}
