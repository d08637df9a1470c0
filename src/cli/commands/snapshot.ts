// `snapshot show`, `verify` and `clear`: the encrypted file of `remembered`. The extension is loaded on first
// use.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import { textOf as valueText } from '../../formats/json-text.ts';
import { lazy } from '../../internal/lazy.ts';
import { keyOf } from '../../key.ts';
import { missing } from '../../local/file.ts';
import { MASK } from '../../redact.ts';
import type { Key } from '../../value.ts';
import { type Parsed, UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import type { Io } from '../io.ts';
import { keyFlags, keysOf } from '../keys.ts';
import { tableOf } from '../table.ts';

const loadFile = lazy(() => import('../../extensions/snapshot/snapshot-file.ts'));
const loadContent = lazy(() => import('../../extensions/snapshot/content.ts'));
const loadLeaf = lazy(() => import('../../extensions/snapshot/remembered-leaf.ts'));

/** Opens a snapshot of any owner and any age. */
async function opened(args: Parsed, io: Io) {
  const [file] = args.positionals as [string];
  if (!existsSync(path.resolve(io.cwd(), file))) throw missing(file, 'llm-config');
  const [{ shownAs, textOf }, { openContent }] = await Promise.all([loadFile(), loadContent()]);
  const text = await textOf(path.resolve(io.cwd(), file));
  const found = await keysOf(args, io).find();
  const { head, stores } = await openContent(text, found, (time) => time, shownAs(file));
  return { file, head, stores };
}

const secondsAgo = (time: number): string => `${Math.round((Date.now() - time) / 1000)} s ago`;

const show: Command = {
  name: 'snapshot show',
  arguments: ['FILE', '[KEY]'],
  summary: 'list what a snapshot remembers and since when, or print one value',
  flags: {
    ...keyFlags,
    provider: { type: 'string', value: 'NAME', summary: 'list or print only what this provider has' },
  },
  examples: [
    'llm-config snapshot show /var/lib/app/inference.snapshot --key-file /etc/app/snapshot.key',
    'llm-config snapshot show inference.snapshot.before database.password --key-file snapshot.key',
  ],
  async run(args, io) {
    const { head, stores } = await opened(args, io);
    const [, key] = args.positionals;
    const provider = args.text('provider');
    if (key !== undefined) return oneValue(stores, keyOf(key), provider);
    const shown = [...stores].filter(([name]) => provider === undefined || name === provider);
    const rows = shown.flatMap(([provider, { leaves, complete }]) => [
      ...Array.from(leaves, ([key, { kind, at }]) => ({ provider, key, state: kind as string, at })),
      ...Array.from(complete, ([key, at]) => ({ provider, key, state: 'listed', at })),
    ]);
    const cells = rows.map(({ provider, key, state, at }) => [
      provider,
      state === 'listed' ? `${key === '' ? '' : `${key}.`}*` : key,
      state === 'value' ? MASK : state,
      secondsAgo(at),
    ]);
    const of = head.tenant === undefined ? head.app : `${head.app}, tenant ${head.tenant}`;
    const kept = head.kept ? '\nA store was found wiped: the file from before is kept.' : '';
    const title = `${of}: number ${head.sequence}, written ${secondsAgo(head.savedAt)}${kept}`;
    const text = `${title}\n${tableOf([['provider', 'key', 'value', 'read'], ...cells])}`;
    return { text, json: { ...head, leaves: rows } };
  },
};

/** The value of a key, unchanged. */
async function oneValue(
  stores: Awaited<ReturnType<typeof opened>>['stores'],
  key: Key,
  provider: string | undefined,
): Promise<CommandResult> {
  const { storedValue } = await loadLeaf();
  const found = [...stores].flatMap(([name, { leaves }]) => {
    const leaf = provider === undefined || name === provider ? leaves.get(key) : undefined;
    return leaf?.kind === 'value' ? [{ name, value: storedValue(leaf).v }] : [];
  });
  const [first, second] = found;
  if (second)
    throw new UsageError(
      `several providers have this key. Set --provider to one of ${found.map(({ name }) => name).join(', ')}`,
    );
  if (!first) return { text: `the snapshot has no value of ${key}`, json: { key }, exit: 1 };
  return {
    text: valueText(first.value, 'snapshot'),
    exact: true,
    json: { key, provider: first.name, value: first.value },
  };
}

const verify: Command = {
  name: 'snapshot verify',
  arguments: ['FILE'],
  summary: 'verify that a snapshot is intact, and whose it is',
  flags: {
    ...keyFlags,
    app: { type: 'string', value: 'NAME', summary: 'the application that it must belong to' },
    tenant: { type: 'string', value: 'NAME', summary: 'the tenant that it must belong to' },
    'max-age': { type: 'string', value: 'SECONDS', summary: 'how old it may be' },
  },
  examples: ['llm-config snapshot verify inference.snapshot --app inference --max-age 3600'],
  async run(args, io) {
    const maxAge = args.text('max-age');
    if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge))
      throw new UsageError('--max-age must be a number of seconds');
    const { file, head, stores } = await opened(args, io);
    const { faultOf } = await loadFile();
    const fault = faultOf(head, {
      app: args.text('app') ?? head.app,
      tenant: args.text('tenant') ?? head.tenant,
      maxStaleMs: maxAge === undefined ? Number.POSITIVE_INFINITY : Number(maxAge) * 1000,
      now: Date.now(),
    });
    const keys = [...stores.values()].reduce((sum, { values }) => sum + values, 0);
    const intact = `intact: ${keys} ${keys === 1 ? 'value' : 'values'}, written ${secondsAgo(head.savedAt)}`;
    return {
      text: `${file}: ${fault ?? intact}`,
      colours: [[/^.+$/, fault === undefined ? 'green' : 'red']],
      json: { ...head, values: keys, ok: fault === undefined, fault },
      exit: fault === undefined ? 0 : 1,
    };
  },
};

const clear: Command = {
  name: 'snapshot clear',
  arguments: ['FILE'],
  summary: 'remove a snapshot, and the file from before',
  flags: {},
  examples: ['llm-config snapshot clear /var/lib/app/inference.snapshot'],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const [{ clearSnapshot, fileBefore, textOf }, { isSnapshot }] = await Promise.all([
      loadFile(),
      loadContent(),
    ]);
    const whole = path.resolve(io.cwd(), file);
    for (const one of [whole, fileBefore(whole)].filter((name) => existsSync(name)))
      if (!isSnapshot(await textOf(one)))
        throw new ConfigError('parse', `${one} is not a snapshot, so nothing is removed`, {
          hint: 'Correct the path, or remove the file yourself if it is a damaged snapshot',
        });
    const existed = await clearSnapshot(whole);
    return {
      text: existed ? `removed ${file}` : `${file} does not exist`,
      json: { file, existed },
      exit: existed ? 0 : 1,
    };
  },
};

/** The commands, in the order of the help. */
export const snapshotCommands: readonly Command[] = [show, verify, clear];
