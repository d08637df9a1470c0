// `audit verify`, `prove`, `tail`, `export` and `report`: what AuditLog has written. They read files only,
// need no private key, and load the extension on first use.

import { readFile } from 'node:fs/promises';
import { lazy } from '../../internal/lazy.ts';
import { readGiven } from '../argument-files.ts';
import { type Flags, type Parsed, timeOf, UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import { type Colours, withProgress } from '../io.ts';
import { tableOf } from '../table.ts';

const loadVerify = lazy(() => import('../../extensions/audit/verify.ts'));
const loadProve = lazy(() => import('../../extensions/audit/prove.ts'));
const loadEntries = lazy(() => import('../../extensions/audit/entries.ts'));

const periodFlags: Flags = {
  from: {
    type: 'string',
    value: 'TIME',
    summary: 'the first time, in ISO 8601: 2026-11-30 or 2026-11-30T12:00Z',
  },
  to: { type: 'string', value: 'TIME', summary: 'the time before which entries are read' },
};

const colours: Colours = [
  [/^.*: \d+ entr(?:y|ies) verified.*$/gm, 'green'],
  [/^.*: (?!\d+ entr(?:y|ies) verified).*$/gm, 'red'],
];

const verify: Command = {
  name: 'audit verify',
  arguments: ['DIRECTORY'],
  summary: 'verify every entry and signature of the logs in a directory',
  flags: {
    key: {
      type: 'string',
      multiple: true,
      value: 'VERIFIER',
      summary: 'a key to trust: NAME+ID+KEY, or a file that holds it',
    },
    checkpoint: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      summary: 'a checkpoint that was kept elsewhere; without one, a missing end is not noticed',
    },
  },
  examples: [
    "llm-config audit verify /var/log/app/audit --key 'acme.example/app+2f6a1c0d+AS9…' --checkpoint kept.txt",
  ],
  async run(args, io) {
    const [directory] = args.positionals as [string];
    if (args.texts('key').length === 0)
      throw new UsageError('--key is missing: pass the text of log.verifier');
    const keys = await Promise.all(args.texts('key').map(keyText));
    const checkpoints = await Promise.all(args.texts('checkpoint').map(textOf));
    const { verifyLogs } = await loadVerify();
    const result = await withProgress(io, 'Verifying', verifyLogs(directory, { keys, checkpoints }));
    const lines = result.logs.map((log) => {
      const { name, first, size, tailBytes, unchecked, finding } = log;
      if (finding) return `${name}: ${finding.kind}: ${finding.message}`;
      const notes = [
        first > 0 && `the first ${first} were deleted`,
        tailBytes > 0 && `${tailBytes} bytes after the last checkpoint were not acknowledged`,
        unchecked > 0 && `${unchecked} kept checkpoints are older than the files`,
      ].filter(Boolean);
      const count = `${size} ${size === 1 ? 'entry' : 'entries'} verified`;
      return `${name}: ${count}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
    });
    const missing = result.missing.map(
      (origin) => `${origin}: removed: the log of a kept checkpoint is missing`,
    );
    const note =
      checkpoints.length > 0 ? undefined : 'Without --checkpoint, a log whose end was cut off passes.';
    return { text: [...lines, ...missing].join('\n'), json: result, colours, note, exit: result.ok ? 0 : 1 };
  },
};

const prove: Command = {
  name: 'audit prove',
  arguments: ['DIRECTORY', 'ENTRY'],
  summary: 'prove that an entry is in a log, for other verifiers',
  flags: {
    checkpoint: {
      type: 'string',
      value: 'FILE',
      summary: 'also prove that the log continues this checkpoint',
    },
  },
  examples: ['llm-config audit prove /var/log/app/audit 01M8PV8C765RX211AA9MNP6AE7 > entry.tlog-proof'],
  async run(args) {
    const [directory, id] = args.positionals as [string, string];
    const file = args.text('checkpoint');
    const { proveEntry } = await loadProve();
    const { text, ...proof } = await proveEntry(
      directory,
      id,
      file === undefined ? undefined : await textOf(file),
    );
    return { text, exact: true, json: proof };
  },
};

const tail: Command = {
  name: 'audit tail',
  arguments: ['DIRECTORY'],
  summary: 'print the last entries of all logs in a directory, by time',
  flags: { lines: { type: 'string', value: 'N', summary: 'how many (10)' } },
  examples: ['llm-config audit tail /var/log/app/audit --lines 50'],
  async run(args) {
    const [directory] = args.positionals as [string];
    const lines = args.text('lines') ?? '10';
    if (!/^[1-9]\d{0,5}$/.test(lines)) throw new UsageError('--lines must be a number from 1 to 999999');
    const { lastEntries } = await loadEntries();
    const last = await lastEntries(directory, Number(lines));
    const text = last.map(({ entry }) => JSON.stringify(entry)).join('\n');
    return { text, json: last, exit: last.length > 0 ? 0 : 1 };
  },
};

const exportCommand: Command = {
  name: 'audit export',
  arguments: ['DIRECTORY'],
  summary: 'print the entries as JSON lines in the form of another system',
  flags: {
    as: { type: 'string', value: 'FORM', summary: 'cloudevents, ecs or ocsf' },
    ...periodFlags,
  },
  examples: ['llm-config audit export /var/log/app/audit --as ecs --from 2026-11-30'],
  async run(args, io) {
    const [directory] = args.positionals as [string];
    const [{ readEntries }, { exportForms }] = await Promise.all([
      loadEntries(),
      import('../../extensions/audit/exports.ts'),
    ]);
    const form = args.text('as') ?? '';
    if (!Object.hasOwn(exportForms, form))
      throw new UsageError(`--as must be one of ${Object.keys(exportForms).join(', ')}`);
    const convert = exportForms[form as keyof typeof exportForms];
    const all: object[] = [];
    // line by line: a log may be larger than a text can be
    await readEntries(directory, periodOf(args), (read) => {
      if (args.is('json')) all.push(convert(read));
      else io.stdout.write(`${JSON.stringify(convert(read))}\n`);
    });
    return { json: all };
  },
};

const report: Command = {
  name: 'audit report',
  arguments: ['DIRECTORY'],
  summary: 'print who received which secret, how often, and how often it was denied',
  flags: periodFlags,
  examples: ['llm-config audit report /var/log/app/audit --from 2026-11-01 --to 2026-12-01'],
  async run(args, io): Promise<CommandResult> {
    const [directory] = args.positionals as [string];
    const [{ readEntries }, { Summary }] = await Promise.all([
      loadEntries(),
      import('../../extensions/audit/summary.ts'),
    ]);
    const summary = new Summary();
    const reading = readEntries(directory, periodOf(args), ({ entry }) => summary.add(entry));
    await withProgress(io, 'Reading', reading);
    const rows = summary.rows();
    const cells = rows.map((row) => [row.actor, row.key, `${row.accesses}`, `${row.denials}`, row.last]);
    const text = tableOf([['actor', 'key', 'received', 'denied', 'last'], ...cells]);
    return { text, json: { rows } };
  },
};

const textOf = async (file: string): Promise<string> => (await readGiven(file)).toString('utf8');

/** A verifier, or the file that holds it. A verifier has two plus signs, and is public. */
async function keyText(text: string): Promise<string> {
  return /^[^\s+]+\+[\da-f]{8}\+/.test(text) ? text : readFile(text, 'utf8').catch(() => text);
}

function periodOf(args: Parsed): { from?: string; to?: string } {
  const period: { from?: string; to?: string } = {};
  for (const name of ['from', 'to'] as const) {
    const time = timeOf(args, name);
    if (time !== undefined) period[name] = new Date(time).toISOString();
  }
  return period;
}

/** The commands, in the order of the help. */
export const auditCommands: readonly Command[] = [verify, prove, tail, exportCommand, report];
