import { type Check, checkOptions } from '../internal/options.ts';
import { keyOf, screaming, segments } from '../key.ts';
import { MASK, show } from '../redact.ts';
import { describeKeys, type SchemaKey } from '../schema/keys.ts';
import { isSchema, noSchema, type StandardSchemaV1 } from '../schema/schema.ts';
import type { Key } from '../value.ts';
import { variableChecks } from './variable-names.ts';

export interface EnvExampleOptions {
  /** As for `EnvProvider`: `APP` makes `APP__DATABASE__HOST`. @default none */
  readonly prefix?: string;
  /** What stands between the segments of a key. @default '__' */
  readonly separator?: string;
  /** As for `EnvProvider`: the exact names of variables, by key. @default {} */
  readonly variables?: Readonly<Record<Key, string>>;
}

const { prefix, separator, variables } = variableChecks;
const allowed = { prefix, separator, variables } as Readonly<Record<string, Check>>;

/** A commented `.env.example` of all keys that a schema reads: what is required stands ready to be filled in, the rest is commented out.
 *  Secrets are left empty. */
export function envExample(schema: StandardSchemaV1, options: EnvExampleOptions = {}): string {
  if (!isSchema(schema)) throw noSchema('envExample');
  checkOptions('envExample', options, allowed);
  const { prefix, separator = '__', variables = {} } = options;
  const { keys, prefixes: open } = describeKeys(schema);
  const named = new Map(Object.entries(variables).map(([key, name]) => [keyOf(key), name]));
  const nameOf = (key: Key): string =>
    named.get(key) ?? [...(prefix ? [prefix] : []), ...segments(key).map(screaming)].join(separator);
  const blocks = keys.map((key) => [...remarks(key), line(nameOf(key.key), key)].join('\n'));
  const more = open.map((key) =>
    key === ''
      ? '# The schema may read more variables than these.'
      : `# More may be read as ${nameOf(key)}${separator}…`,
  );
  return `${[...blocks, ...more].join('\n\n')}\n`;
}

function remarks({ description, type, required, secret }: SchemaKey): string[] {
  const what = [
    type,
    required === false ? 'optional' : required ? 'required' : undefined,
    secret ? 'secret' : undefined,
  ]
    .filter(Boolean)
    .join(', ');
  return [...(description ? description.split(/\s*\n\s*/) : []), what]
    .filter(Boolean)
    .map((text) => `# ${text}`);
}

function line(name: string, key: SchemaKey): string {
  if (!/^[\w.-]+$/.test(name))
    return `# No variable can spell ${key.key}: give it a name with the option variables`;
  const value = 'default' in key && !key.secret ? textOf(key.default) : '';
  return key.required === false ? `# ${name}=${value}` : `${name}=${value}`;
}

/** A value as a dotenv file has it; nothing for what looks like a secret, or what it has no way to write. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  const shown = show(value as never, false, Number.POSITIVE_INFINITY);
  if (shown === MASK) return '';
  const text = typeof value === 'string' ? value : shown;
  if (/^[\w.,:/@+-]*$/.test(text)) return text;
  const lines = /[\r\n]/.test(text);
  const quote = ["'", '"', '`'].find(
    (one) => !text.includes(one) && (one === '"' ? !text.includes('\\') : !lines),
  );
  // what one line of a file cannot hold, double quotes can spell
  return quote === undefined ? '' : `${quote}${text.replaceAll('\r', '\\r').replaceAll('\n', '\\n')}${quote}`;
}
