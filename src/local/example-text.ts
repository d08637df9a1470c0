// The text of a `.env.example` from a schema. Loaded with the first call of envExample. Its names are those
// that EnvProvider finds, and it writes no value that looks like a secret.

import { type Check, checkOptions } from '../internal/options.ts';
import { append } from '../key.ts';
import { MASK, show } from '../redact.ts';
import { keysIn, type SchemaKey } from '../schema/keys.ts';
import { isSchema, notASchema, type StandardSchemaV1 } from '../schema/schema.ts';
import type { Key } from '../value.ts';
import { joined, lettersOf, sharedLetters, VariableNames, variableChecks } from './variable-names.ts';

/** Options of `envExample`. Give the same as to the `EnvProvider`. */
export interface EnvExampleOptions {
  /** The prefix of the variables: `APP` makes `APP_DATABASE_HOST`. @default none */
  readonly prefix?: string;
  /** Separates the segments of a key in an exact name. @default '__' */
  readonly separator?: string;
  /** Exact variable names by key. @default {} */
  readonly variables?: Readonly<Record<Key, string>>;
}

const { prefix, separator, variables } = variableChecks;
const allowed = { prefix, separator, variables } as Readonly<Record<string, Check>>;

/** The lines of `envExample`. */
export function exampleText(schema: StandardSchemaV1, options: EnvExampleOptions): string {
  if (!isSchema(schema)) throw notASchema('envExample');
  checkOptions('envExample', options, allowed);
  const names = new VariableNames('envExample', options);
  const { keys, prefixes } = keysIn(schema);
  const shared = sharedLetters(keys.map(({ key }) => key));
  const nameOf = (key: Key): string | undefined => names.namesFor(key, shared.has(joined(lettersOf(key))))[0];
  const blocks = keys.map((key) => [...remarks(key), line(nameOf(key.key), key)].join('\n'));
  const more = prefixes.map((key) => {
    const inside = key === '' ? undefined : names.namesFor(append(key, 'x'), true)[0];
    return inside === undefined
      ? '# The schema may read more variables than these.'
      : `# The schema may read more variables: ${inside.slice(0, -1)}…`;
  });
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
  return [
    ...(description
      ? description
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean)
      : []),
    what,
  ]
    .filter(Boolean)
    .map((text) => `# ${text}`);
}

function line(name = '', key: SchemaKey): string {
  if (!/^[\w.-]+$/.test(name)) return `# No variable name can spell ${key.key}: set the option variables`;
  const value = 'default' in key && !key.secret ? textOf(key.default) : '';
  return key.required === false ? `# ${name}=${value}` : `${name}=${value}`;
}

/** A value as a dotenv file spells it; empty if it looks like a secret or cannot be spelled. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  const shown = show(value as never, false, Number.POSITIVE_INFINITY);
  if (shown === MASK) return '';
  const text = typeof value === 'string' ? value : shown;
  if (/^[\w.,:/@+-]*$/.test(text)) return text;
  const lines = /[\r\n]/.test(text);
  const quote = ["'", '"', '`'].find(
    (mark) => !text.includes(mark) && (mark === '"' ? !text.includes('\\') : !lines),
  );
  // line breaks need escapes, which only double quotes have
  return quote === undefined ? '' : `${quote}${text.replaceAll('\r', '\\r').replaceAll('\n', '\\n')}${quote}`;
}
