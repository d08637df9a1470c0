// `may`: loads a module that exports a policy, and shows whether the policy allows a caller an action, and by
// which rule. Reads no value.

import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { Action, Ask, Caller, Policy } from '../../extensions/guard/policy.ts';
import { keyOf } from '../../key.ts';
import { namedValue, type Parsed, timeOf, UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import { importModule } from '../import-module.ts';
import { moduleFile } from '../module.ts';

const actions: readonly string[] = ['read', 'list', 'write', 'delete', 'refresh'] satisfies Action[];

export const may: Command = {
  name: 'may',
  arguments: ['CALLER', 'ACTION', 'KEY', '[MODULE]'],
  summary: 'show whether a policy allows a caller an action, and by which rule',
  flags: {
    attribute: {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      summary: 'an attribute of the caller, such as ip=10.0.0.1; JSON is read as JSON',
    },
    at: { type: 'string', value: 'TIME', summary: 'the time of the call, in place of now' },
    public: { type: 'boolean', summary: 'the value is not a secret; otherwise it counts as one' },
    load: { type: 'string', value: 'WHICH', summary: 'a configuration asks: start or reload' },
  },
  examples: [
    'llm-config may ann read acme.dev.model policy.js',
    'llm-config may ann write acme.dev.model policy.js --attribute ip=10.0.0.1 --at 2026-11-30T22:00:00Z',
  ],
  async run(args, io) {
    const [, , , module] = args.positionals;
    const ask = askOf(args);
    const file = moduleFile(module, io);
    const exported = await importModule(path.resolve(io.cwd(), file), file);
    const policy = policyOf(exported.policy, file);
    try {
      await policy.ready?.();
      return await explained(policy, ask);
    } finally {
      await policy.close?.();
    }
  },
};

/** A policy that may have to be loaded, and closed. */
type ModulePolicy = Policy & {
  readonly ready?: () => Promise<void>;
  readonly close?: () => Promise<void>;
};

function policyOf(exported: unknown, file: string): ModulePolicy {
  if (typeof (exported as Partial<Policy> | null | undefined)?.decide === 'function')
    return exported as ModulePolicy;
  throw new ConfigError('invalid_option', `the module ${file} does not export a policy`, {
    hint: 'Export rules(…) or policyFrom(…) as policy',
  });
}

function askOf(args: Parsed): Ask {
  const [id = '', action = '', key = ''] = args.positionals;
  if (!actions.includes(action)) throw new UsageError(`ACTION must be one of ${actions.join(', ')}`);
  const load = args.text('load');
  if (load !== undefined && load !== 'start' && load !== 'reload')
    throw new UsageError('--load must be start or reload');
  const attributes = args.texts('attribute').map((text) => namedValue(text, 'attribute'));
  return {
    action: action as Action,
    key: keyOf(key),
    context: { ...Object.fromEntries(attributes), id } as Caller,
    now: timeOf(args, 'at') ?? Date.now(),
    load,
    entry: args.is('public') ? ({ secret: false } as Ask['entry']) : undefined,
  };
}

/** The decision. A policy that throws denies, as in a guard. */
async function explained(policy: Policy, ask: Ask): Promise<CommandResult> {
  const { action, key, context } = ask;
  const decision = await Promise.resolve()
    .then(() => policy.decide(ask))
    .catch(() => undefined);
  const allow = decision?.allow === true;
  const { rule = 'the policy failed', line, until } = decision ?? {};
  const caller = context?.id ?? '';
  const ends = until === undefined ? '' : `\n  until ${new Date(until).toISOString()}`;
  const head = `${caller} ${allow ? 'may' : 'may not'} ${action} ${key}: ${rule}`;
  return {
    text: `${head}${line ? `\n  ${line}` : ''}${ends}`,
    colours: [[/^.+$/, allow ? 'green' : 'red']],
    json: { caller, action, key, allow, rule, line, until },
    exit: allow ? 0 : 1,
  };
}
