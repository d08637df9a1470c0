// The report of all problems, as a person reads it. Used by config/.

import { ConfigError, type Problem } from '../errors.ts';
import { escapeControls } from '../redact.ts';
import { frameOf } from './frame.ts';

/** One error for all problems. Its message is the report. */
export function reportError(problems: readonly Problem[]): ConfigError {
  return new ConfigError('validation', formatReport(problems), { problems });
}

/** The report: every problem with its key, what is expected, where the value is and what to do. */
export function formatReport(problems: readonly Problem[]): string {
  const count = problems.length;
  const head =
    count === 1
      ? 'There is 1 problem with the configuration:'
      : `There are ${count} problems with the configuration:`;
  // names of files and words of a schema may hold control characters
  return escapeControls([head, ...problems.map(formatProblem)].join('\n\n'));
}

function formatProblem(problem: Problem): string {
  const {
    kind,
    key,
    inside = '',
    message,
    about,
    expected,
    schemaMessage,
    found,
    origin,
    looked = [],
    hint,
  } = problem;
  const lines: (readonly [string, string])[] = [];
  if (about) lines.push(['about', about]);
  if (kind === 'wrong' || kind === 'missing') {
    if (schemaMessage) lines.push(['problem', schemaMessage]);
    if (expected) lines.push(['expected', expected]);
    if (found) lines.push(['found', found]);
  } else {
    lines.push(['problem', message]);
  }
  if (origin) lines.push(['in', origin]);
  for (const line of frameOf(problem)) lines.push(['', line]);
  for (const [at, place] of looked.entries()) lines.push([at === 0 ? 'looked in' : '', place]);
  if (hint) lines.push(['to do', hint]);
  const title = key === '' ? '(the whole configuration)' : `${key}${inside}`;
  return [
    kind === 'missing' ? `  ${title} is missing` : `  ${title}`,
    ...lines.map(([label, text]) => `    ${label.padEnd(10)}${text.replaceAll('\n', '\n              ')}`),
  ].join('\n');
}
