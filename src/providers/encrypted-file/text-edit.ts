// Candidate edits for one change in a JSONC, TOML or YAML text. Used by document.ts, which parses each
// candidate and takes the first that has the expected result: a wrong guess here costs nothing.

import type { FormatName, Parsed } from '../../formats/parsed.ts';
import { type ConfigValue, isTree } from '../../value.ts';

/** Texts with one change that keep the rest as it is, the best candidate first. The caller verifies each. */
export async function textEdits(
  text: string,
  format: FormatName,
  { at }: Parsed,
  path: readonly string[],
  value: ConfigValue | undefined,
): Promise<string[]> {
  if (format === 'json') return [];
  const position = at(path);
  const rebuilt = format === 'yaml' ? await yamlEdits(text, path, value) : [];
  if (value === undefined)
    return [...(position ? withoutLine(text, position.line, path, format) : []), ...rebuilt];
  const printed = inline(value);
  if (position && printed) {
    const plain =
      format === 'yaml' && typeof value === 'string' && /^[a-z][\w./-]*$/i.test(value) ? [value] : [];
    return [
      ...[...plain, printed].flatMap(
        (scalar) => replaced(text, offsetOf(text, position), scalar, format) ?? [],
      ),
      ...rebuilt,
    ];
  }
  if (format === 'yaml' || !printed) return rebuilt;
  return format === 'toml' ? tomlAdditions(text, path, printed) : jsonAdditions(text, at, path, value);
}

async function yamlEdits(
  text: string,
  path: readonly string[],
  value: ConfigValue | undefined,
): Promise<string[]> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  try {
    if (value === undefined) {
      document.deleteIn(path);
      for (let up = path.slice(0, -1); up.length > 0 && isEmpty(document.getIn(up)); up = up.slice(0, -1))
        document.deleteIn(up);
    } else document.setIn(path, value);
    return [document.toString({ lineWidth: 0 })];
  } catch {
    return []; // the path runs through an alias or a scalar
  }
}

const isEmpty = (section: unknown): boolean =>
  (section as { items?: readonly unknown[] } | null)?.items?.length === 0;

/** A value in the spelling that JSON and TOML share. Undefined when they share none. */
function inline(value: ConfigValue): string | undefined {
  if (typeof value === 'bigint') return `${value}`;
  if (
    isTree(value) ||
    (Array.isArray(value) && value.some((item) => typeof item === 'object' || typeof item === 'bigint'))
  )
    return undefined;
  return JSON.stringify(value).replaceAll('\x7f', '\\u007f');
}

function offsetOf(
  text: string,
  { line, column }: { readonly line: number; readonly column: number },
): number {
  let start = 0;
  for (let n = 1; n < line; n++) start = text.indexOf('\n', start) + 1;
  return start + column - 1;
}

const scalars = {
  yaml: /"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#,[\]{}"'|>&*!%@`][^\n]*?(?=\s+#|\s*$)/my,
  jsonc: /"(?:[^"\\]|\\.)*"|[\w.+-]+/y,
  toml: /"""[\s\S]*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s,#\]}"'[{]+/y,
};

function replaced(
  text: string,
  offset: number,
  printed: string,
  format: 'jsonc' | 'toml' | 'yaml',
): string | undefined {
  const scalar = scalars[format];
  scalar.lastIndex = offset;
  const old = scalar.exec(text)?.[0];
  return old === undefined ? undefined : text.slice(0, offset) + printed + text.slice(offset + old.length);
}

/** The text without a line; then also without the lines that open the sections left empty by that. */
function withoutLine(text: string, line: number, path: readonly string[], format: FormatName): string[] {
  let lines: readonly string[] = text.split('\n').filter((_, i) => i !== line - 1);
  const candidates = [lines];
  for (let depth = path.length - 1; depth > 0; depth--) {
    const opening =
      format === 'toml' ? headerOf(lines, path.slice(0, depth)) : line - 1 - (path.length - depth);
    candidates.push((lines = lines.filter((_, i) => i !== opening)));
  }
  return candidates.map((candidate) => candidate.join('\n'));
}

function headerOf(lines: readonly string[], path: readonly string[]): number {
  const table = path.map(spelled).join('.');
  return lines.findIndex(
    (line) =>
      /^\s*\[([^[\]]+)\]\s*(?:#.*)?$/
        .exec(line)?.[1]
        ?.replace(/\s*\.\s*/g, '.')
        .trim() === table,
  );
}

const spelled = (segment: string): string => (/^[\w-]+$/.test(segment) ? segment : JSON.stringify(segment));

function tomlAdditions(text: string, path: readonly string[], printed: string): string[] {
  const line = `${spelled(path.at(-1) as string)} = ${printed}`;
  const table = path.slice(0, -1).map(spelled).join('.');
  const lines = text.split('\n');
  const isHeader = (each: string): boolean => /^\s*\[/.test(each);
  const insert = (at: number): string => [...lines.slice(0, at), line, ...lines.slice(at)].join('\n');
  if (table === '') {
    const first = lines.findIndex(isHeader);
    return [insert(first < 0 ? lines.length - (lines.at(-1) === '' ? 1 : 0) : first)];
  }
  const header = headerOf(lines, path.slice(0, -1));
  const added = `${text}${text.endsWith('\n') || text === '' ? '' : '\n'}\n[${table}]\n${line}\n`;
  return header < 0 ? [added] : [insert(header + 1), added];
}

function jsonAdditions(
  text: string,
  at: Parsed['at'],
  path: readonly string[],
  value: ConfigValue,
): string[] {
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const section = at(path.slice(0, depth));
    if (!section) continue;
    const open = offsetOf(text, section) + 1;
    const below = path.slice(depth);
    const nested = below.slice(1).reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
    const member = `\n${'  '.repeat(depth + 1)}${JSON.stringify(below[0])}: ${JSON.stringify(nested)}`;
    return [
      `${text.slice(0, open)}${member},${text.slice(open)}`,
      `${text.slice(0, open)}${member}\n${text.slice(open)}`,
    ];
  }
  return [];
}
