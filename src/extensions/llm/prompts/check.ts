// What is wrong with the prompts of a section `llm`. Called by the check of the whole section, and by
// `loadLlm` for variables with a schema. Messages hold names and lines, never a text.

import { nearest } from '../../../internal/nearest.ts';
import { segments } from '../../../key.ts';
import { describeKeys } from '../../../schema/describe-keys.ts';
import type { StandardSchemaV1 } from '../../../schema/schema.ts';
import { isPlain } from '../../../value.ts';
import type { LlmData } from '../data.ts';
import { type Path, type Report, reportAll } from '../issues.ts';
import { contentHash } from './content-hash.ts';
import type { PromptData } from './prompt-data.ts';
import { templateOf } from './template.ts';
import { highest, isRange, isVersion, promptName, sorted } from './versions.ts';

/** The versions of a prompt by their numbers. */
export type Versions = Readonly<Record<string, PromptData>>;

/** Reports what is wrong with the texts, their versions, and the prompts of the tasks. */
export function checkPrompts({ prompts = {}, tasks }: LlmData, report: Report): void {
  for (const [name, versions] of Object.entries(prompts)) {
    const at = ['prompts', name];
    if (name.includes('@')) report(at, 'must not have an @ in its name');
    for (const [version, data] of Object.entries(versions)) {
      if (isVersion(version)) checkVersion(data, [...at, version], report);
      // at the text, because only a value has a place in a file
      else
        report(
          [...at, version, 'text'],
          `is of "${version}", which is not a version; write three numbers: "1.4.2"`,
        );
    }
  }
  for (const [name, { prompt }] of Object.entries(tasks))
    if (prompt !== undefined) checkTask(prompt, prompts, ['tasks', name, 'prompt'], report);
}

function checkVersion({ text, variables, hash }: PromptData, path: Path, report: Report): void {
  if (hash !== undefined && !/^[0-9a-f]{64}$/.test(hash))
    report([...path, 'hash'], 'must be a SHA-256 with 64 hexadecimal digits');
  else if (text !== undefined && hash !== undefined && hash !== contentHash(text))
    report(
      [...path, 'text'],
      'is not the text that was locked as this version; give the changed text a version of its own',
    );
  if (text === undefined) return;
  const { mistakes } = templateOf(text);
  const messages = mistakes.map(({ line, message }) => `line ${line} of it: ${message}`);
  reportAll([...path, 'text'], messages, report);
  if (variables && mistakes.length === 0)
    checkNames(text, Object.keys(variables), [...path, 'text'], 'variables', report);
}

/** Reports each variable that a text reads and that is not among `known`, once. */
function checkNames(text: string, known: readonly string[], path: Path, where: string, report: Report): void {
  const seen = new Set(known);
  const messages: string[] = [];
  for (const { name, line } of templateOf(text).variables) {
    if (seen.has(name)) continue;
    seen.add(name);
    const similar = nearest(name, known);
    const meant = similar === undefined ? '' : `; did you mean ${similar}?`;
    messages.push(`line ${line} of it: {{${name}}} is not in ${where}${meant}`);
  }
  reportAll(path, messages, report);
}

function checkTask(
  prompt: unknown,
  prompts: Readonly<Record<string, Versions>>,
  path: Path,
  report: Report,
): void {
  if (typeof prompt === 'string') checkName(prompt, prompts, path, report);
  else if (Array.isArray(prompt) && prompt.length > 0) checkVariants(prompt, prompts, path, report);
  else report(path, 'must be the name of a prompt, or a list of them with weights');
}

function checkVariants(
  variants: readonly unknown[],
  prompts: Readonly<Record<string, Versions>>,
  path: Path,
  report: Report,
): void {
  let total = 0;
  for (const [n, item] of variants.entries()) {
    const at = [...path, n];
    const given: Record<string, unknown> = isPlain(item) ? item : { prompt: item };
    const { prompt: name, weight = 1, ...others } = given;
    for (const unknown of Object.keys(others)) report([...at, unknown], 'is not known here');
    if (typeof name === 'string') checkName(name, prompts, at, report);
    else report(at, 'must be the name of a prompt, or a prompt with a weight');
    if (typeof weight === 'number' && weight >= 0 && weight < Number.POSITIVE_INFINITY) total += weight;
    else report([...at, 'weight'], 'must be a number, at least 0');
  }
  if (total === 0) report(path, 'has no prompt with a weight above 0');
}

function checkName(
  text: string,
  prompts: Readonly<Record<string, Versions>>,
  path: Path,
  report: Report,
): void {
  const { name, range } = promptName(text);
  const versions = Object.hasOwn(prompts, name) ? prompts[name] : undefined;
  if (!isRange(range))
    report(path, `has ${JSON.stringify(range)} after the @; write a version or a range: 1.4.2, ^1.4, ~1.4`);
  else if (!versions) {
    const similar = nearest(name, Object.keys(prompts));
    const meant = similar === undefined ? '' : `; did you mean ${similar}?`;
    report(path, `names the prompt ${JSON.stringify(name)}, which does not exist${meant}`);
  } else if (resolved(versions, range) === undefined)
    report(path, `names the prompt ${JSON.stringify(text)}, which has only ${known(versions)}`);
}

const known = (versions: Versions): string =>
  sorted(withText(versions)).join(', ') || 'versions without text';

/** The versions that have a text: of one that was deleted, only its lock may be left. */
const withText = (versions: Versions): readonly string[] =>
  Object.keys(versions).filter((version) => versions[version]?.text !== undefined);

/** The version that a range means. */
export const resolved = (versions: Versions, range: string): string | undefined =>
  highest(withText(versions), range);

/** Reports each variable that a text reads and the schema of its variables does not know. */
export async function checkSchemas(
  { prompts = {} }: LlmData,
  schemas: Readonly<Record<string, StandardSchemaV1>>,
  report: Report,
): Promise<void> {
  for (const [name, schema] of Object.entries(schemas)) {
    const { keys, prefixes } = await describeKeys(schema);
    const names = [...keys.map(({ key }) => key), ...prefixes].map((key) => segments(key)[0]);
    if (names.length === 0 || names.includes(undefined)) continue; // it may take any name
    for (const [version, { text }] of Object.entries(prompts[name] ?? {}))
      if (text !== undefined)
        checkNames(text, names as string[], ['prompts', name, version, 'text'], 'the schema', report);
  }
}
