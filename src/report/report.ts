import { ConfigError } from '../errors.ts';
import type { Key } from '../key.ts';

/** One thing that is wrong with a configuration, as data. Values are shown only where they are not secret. */
export interface Problem {
  /** `missing`: needed and not there. `wrong`: not what the schema takes. `unknown`: nobody reads it. `unreadable`: there, and it
   *  cannot be read. `failed`: a source did not answer. */
  readonly kind: 'missing' | 'wrong' | 'unknown' | 'unreadable' | 'failed';
  readonly key: Key;
  /** Where inside the key's value: `[0].host`. */
  readonly inside?: string;
  /** One line that says it all. */
  readonly message: string;
  readonly expected?: string;
  /** The schema library's own words, without values. */
  readonly says?: string;
  readonly found?: string;
  /** Where the value stands: `config/base.yaml:12:5`, `env APP__PORT`. */
  readonly origin?: string;
  /** Every place that was looked in for a missing key. */
  readonly looked?: readonly string[];
  /** What to do. */
  readonly hint?: string;
}

/** All problems as one error, whose message is the report. */
export function reportError(problems: readonly Problem[]): ConfigError {
  return new ConfigError('validation', formatReport(problems), { problems });
}

/** All problems as a text that a person can act on. */
export function formatReport(problems: readonly Problem[]): string {
  const count = problems.length;
  const head = count === 1 ? 'There is 1 problem with the configuration:' : `There are ${count} problems with the configuration:`;
  return [head, ...problems.map(formatProblem)].join('\n\n');
}

function formatProblem(problem: Problem): string {
  const { kind, key, inside = '', message, expected, says, found, origin, looked = [], hint } = problem;
  const lines: (readonly [string, string])[] = [];
  if (kind === 'wrong') {
    if (expected && !says) lines.push(['expected', expected]);
    if (says) lines.push(['problem', says]);
    if (found) lines.push(['found', found]);
  } else if (kind === 'missing') {
    if (expected) lines.push(['expected', expected]);
  } else {
    lines.push(['problem', message]);
  }
  if (origin) lines.push(['in', origin]);
  for (const [at, place] of looked.entries()) lines.push([at === 0 ? 'looked in' : '', place]);
  if (hint) lines.push(['to do', hint]);
  const title = key === '' ? '(the whole configuration)' : `${key}${inside}`;
  return [
    kind === 'missing' ? `  ${title} is missing` : `  ${title}`,
    ...lines.map(([label, text]) => `    ${label.padEnd(10)}${text.replaceAll('\n', '\n              ')}`),
  ].join('\n');
}
