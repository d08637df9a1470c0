// `run`: loads a configuration and runs a command with its values as variables. With `--watch`, a change
// starts the command again. commands.ts lists it.

import type { Config } from '../../config/config.ts';
import { type LoadedLeaf, leavesOf } from '../../config/leaves.ts';
import { type LoadedFrom, loadedFrom } from '../../config/load.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { ConfigEvent } from '../../events.ts';
import { nearest } from '../../internal/nearest.ts';
import { keyOf, startsWith } from '../../key.ts';
import { keysIn } from '../../schema/keys.ts';
import type { Key } from '../../value.ts';
import { type Parsed, UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import { type Io, withProgress } from '../io.ts';
import { type Loaded, schemaOf, withChain } from '../module.ts';
import type { Child, Ended } from '../run/child.ts';
import { environmentOf } from '../run/environment.ts';
import { Variables, variableStyle } from '../variable-style.ts';

const pollMs = 60_000;

export const runCommand: Command = {
  name: 'run',
  arguments: ['[MODULE]', '--', 'COMMAND', '[ARGUMENT…]'],
  summary: 'load and validate a configuration, and run a command with its values as variables',
  flags: {
    only: {
      type: 'string',
      multiple: true,
      value: 'KEYS',
      summary: 'pass only these keys and sections, separated by commas',
    },
    mask: { type: 'boolean', summary: 'replace secrets in the output of the command' },
    watch: { type: 'boolean', summary: 'start the command again when its variables change' },
    prefix: {
      type: 'string',
      mayBeEmpty: true,
      value: 'NAME',
      summary: "the prefix of the variables, '' for none, if not that of the chain",
    },
  },
  examples: [
    'llm-config run -- node server.js',
    'llm-config run --only database,log.level --mask -- ./migrate.sh',
    "llm-config run --prefix '' --only pg -- psql",
    'llm-config run dist/config.js --watch -- node server.js',
  ],
  async run(args, io) {
    // what follows -- are the arguments of the command, not those of the module
    const module = { module: args.module, rest: [] };
    return withChain(module, io, (loaded) => runLoaded(loaded, args, io), false);
  },
};

async function runLoaded(loaded: Loaded, args: Parsed, io: Io): Promise<CommandResult> {
  const schema = schemaOf(loaded);
  const options = { ...loaded.options, watch: args.is('watch') && { pollMs } };
  const loading = loadConfig(schema, loaded.chain, { ...options, on: (event) => notice(event, io) });
  await using config = await withProgress(io, 'Reading from the providers', loading);
  const { endLike } = await import('../run/child.ts');
  const keys = leavesOf(loadedFrom.get(config) as LoadedFrom).map(({ key }) => key);
  const prefix = args.text('prefix');
  const own = variableStyle(loaded.chain, keys, loaded.options.at ?? '');
  const style = prefix === undefined ? own : prefix === '' ? {} : { prefix };
  const ended = await runWith(config, new Variables(style, keys), args, io);
  return { json: undefined, exit: await endLike(ended) };
}

function notice(event: ConfigEvent, io: Io): void {
  if (event.type === 'notice') io.stderr.write(`${event.message}\n`);
}

function failure(event: ConfigEvent, io: Io): void {
  if (event.type === 'refresh_failed') io.stderr.write(`the command keeps its values: ${event.message}\n`);
}

/** Runs the command, again and again if it watches, until it ends by itself. */
async function runWith(config: Config<unknown>, variables: Variables, args: Parsed, io: Io): Promise<Ended> {
  const { Child, withSignals } = await import('../run/child.ts');
  const { secretTexts } = await import('../run/secret-texts.ts');
  const { SecretBytes } = await import('../run/mask-stream.ts');
  const from = loadedFrom.get(config) as LoadedFrom;
  const known = from.plan.schema ? keysIn(from.plan.schema).keys.map(({ key }) => key) : [];
  const passed = () => environmentOf(io.env, chosen(leavesOf(from), args.texts('only'), known), variables);
  const secrets = () => {
    const { texts, short } = secretTexts(leavesOf(from).filter(({ secret }) => secret));
    for (const key of short) io.stderr.write(`${key} is too short to be masked in the output\n`);
    return new SecretBytes(texts);
  };
  for (const key of passed().unnamed) io.stderr.write(`no variable can spell ${key}: it is not passed\n`);

  let child: Child | undefined;
  const start = (env: NodeJS.ProcessEnv): Child => {
    const masked = args.is('mask') ? secrets() : undefined;
    child = new Child(args.rest, { env, cwd: io.cwd(), secrets: masked });
    return child;
  };
  let isAskedToEnd = false;
  const pass = (signal: NodeJS.Signals, isKnown: boolean): void => {
    isAskedToEnd ||= !signal.startsWith('SIGUSR');
    if (!isKnown) child?.signal(signal);
  };
  return withSignals(pass, async () => {
    const changes = new Changes(() => passed().env);
    using _ = config.subscribe('', () => changes.look());
    using __ = config.on((event) => failure(event, io));
    for (;;) {
      const running = start({ ...changes.current });
      const ended = await Promise.race([running.ended, changes.next()]);
      if (ended) return ended;
      io.stderr.write('the configuration has changed: the command starts again\n');
      await running.stop();
      if (isAskedToEnd) return running.ended;
    }
  });
}

/** Notices when the environment of the command is another one. */
class Changes {
  #resolve = (): void => undefined;
  readonly #read: () => NodeJS.ProcessEnv;
  current: NodeJS.ProcessEnv;

  constructor(read: () => NodeJS.ProcessEnv) {
    this.#read = read;
    this.current = read();
  }

  look(): void {
    const next = this.#read();
    if (JSON.stringify(next) === JSON.stringify(this.current)) return;
    this.current = next;
    this.#resolve();
  }

  next(): Promise<undefined> {
    return new Promise((resolve) => {
      this.#resolve = () => resolve(undefined);
    });
  }
}

/** The values of the keys and sections that `--only` names; without it, all. */
function chosen(
  leaves: readonly LoadedLeaf[],
  only: readonly string[],
  known: readonly Key[],
): readonly LoadedLeaf[] {
  const wanted = only.flatMap((list) => list.split(',')).filter((name) => name !== '');
  if (only.length === 0) return leaves;
  const keys = wanted.map((name) => keyOf(name.trim()));
  const all = new Set([...known, ...leaves.map((leaf) => leaf.key)]);
  for (const key of keys) {
    if ([...all].some((one) => startsWith(one, key))) continue;
    const near = nearest(key, all);
    throw new UsageError(`--only: no key is "${key}"${near ? `. Did you mean ${near}?` : ''}`);
  }
  return leaves.filter((leaf) => keys.some((key) => startsWith(leaf.key, key)));
}
