import { ConfigError, type Problem } from '../errors.ts';

/** All problems as one error, whose message is the report. */
export function reportError(problems: readonly Problem[]): ConfigError {
  return new ConfigError('validation', formatReport(problems), { problems });
}

/** All problems as a text that a person can act on. */
export function formatReport(problems: readonly Problem[]): string {
  const count = problems.length;
  const head =
    count === 1
      ? 'There is 1 problem with the configuration:'
      : `There are ${count} problems with the configuration:`;
  return [head, ...problems.map(formatProblem)].join('\n\n');
}

function formatProblem(problem: Problem): string {
  const {
    kind,
    key,
    inside = '',
    message,
    expected,
    schemaMessage: says,
    found,
    origin,
    looked = [],
    hint,
  } = problem;
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
