// `rotate`: one rotation of the module of an application, for cron, for a deployment, and for a person when a
// credential has leaked. Prints versions and steps, never values.

import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { ConfigEvent } from '../../events.ts';
import type { Rotation } from '../../extensions/rotation/rotate.ts';
import type { RotationStatus } from '../../extensions/rotation/status.ts';
import type { StepOptions } from '../../extensions/rotation/step.ts';
import { nearest } from '../../internal/nearest.ts';
import { type Parsed, UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import { importModule } from '../import-module.ts';
import { type Io, withProgress } from '../io.ts';
import { moduleFile } from '../module.ts';

const modes = ['step', 'status', 'force'] as const;

export const rotate: Command = {
  name: 'rotate',
  arguments: ['[MODULE]', 'KEY'],
  summary: 'rotate a secret now: one of the rotations that a module exports',
  flags: {
    step: { type: 'boolean', summary: 'do only what is due, for cron' },
    status: { type: 'boolean', summary: 'print where the rotation is, and change nothing' },
    force: { type: 'boolean', summary: 'revoke the old credential now, although it is in use' },
  },
  examples: [
    'llm-config rotate rotations.mjs database',
    'llm-config rotate rotations.mjs database --step',
    'llm-config rotate rotations.mjs database --status --json',
  ],
  async run(args, io): Promise<CommandResult> {
    const [mode, ...others] = modes.filter((name) => args.is(name));
    if (others.length > 0) throw new UsageError(`--${mode} and --${others[0]} cannot be combined`);
    const rotation = await rotationOf(args, io);
    if (mode === 'status') {
      const status = await withProgress(io, 'Asking the store and the target', rotation.status());
      return { text: statusText(status), json: status };
    }
    const options: StepOptions = mode === 'step' ? {} : mode === 'force' ? { force: true } : { begin: true };
    return stepped(rotation, options, io);
  },
};

async function stepped(rotation: Rotation, options: StepOptions, io: Io): Promise<CommandResult> {
  const steps: string[] = [];
  const waiting: string[] = [];
  using _ = rotation.on((event: ConfigEvent) => {
    if (event.type === 'rotation_step')
      steps.push([event.step, versionsText(event.from, event.to)].filter(Boolean).join('  '));
    if (event.type === 'rotation_waiting') waiting.push(event.message);
  });
  const result = await withProgress(io, 'Rotating', rotation.step(options));
  const isHeld = result === 'busy' || waiting.length > 0;
  const note = result === 'busy' ? 'Another process has the lock of this rotation.' : waiting.join('\n');
  return {
    text: [...steps, result].join('\n'),
    json: { result, steps, ...(waiting.length > 0 && { waiting }) },
    ...(isHeld && { note, exit: 1 }),
  };
}

const versionsText = (from: string | undefined, to: string | undefined): string =>
  from === undefined ? (to ?? '') : `${from} to ${to}`;

function statusText(status: RotationStatus): string {
  const { step, isAccepted, current, dueAt, overlapEndsAt } = status;
  const time = (at: number | undefined): string =>
    at === undefined ? 'unknown' : new Date(at).toISOString();
  const lines = [
    ['step', step],
    ['current', `${current.version ?? 'unknown'}, since ${time(current.at)}`],
    ['accepted', isAccepted ? 'yes' : 'no: the next step repairs that'],
    ['due', dueAt === undefined ? 'now' : time(dueAt)],
    ...(overlapEndsAt === undefined ? [] : [['overlap until', time(overlapEndsAt)]]),
  ];
  return lines.map(([name = '', text]) => `${name.padEnd(13)}  ${text}`).join('\n');
}

/** The rotation that the arguments name. */
async function rotationOf(args: Parsed, io: Io): Promise<Rotation> {
  const file = moduleFile(args.module, io);
  const [key] = args.positionals as [string];
  const exported = await withProgress(
    io,
    `Loading ${file}`,
    importModule(path.resolve(io.cwd(), file), file),
  );
  const { rotations } = exported;
  if (typeof rotations !== 'object' || rotations === null)
    throw new ConfigError('invalid_option', `the module ${file} exports no rotations`, {
      hint: 'Export an object: export const rotations = { database: rotate(…) }',
    });
  const found = Object.hasOwn(rotations, key) ? (rotations as Record<string, unknown>)[key] : undefined;
  if (isRotation(found)) return found;
  const names = Object.keys(rotations);
  const similar = nearest(key, names);
  throw new UsageError(
    `the module ${file} has no such rotation${similar === undefined ? '' : `. Did you mean ${similar}?`}`,
  );
}

const isRotation = (value: unknown): value is Rotation =>
  (['step', 'status', 'on'] as const).every(
    (name) => typeof (value as Partial<Rotation> | null | undefined)?.[name] === 'function',
  );
