// `doctor`: checks the machine, the stores and their clocks, and prints the least privilege that a
// configuration needs. Writes nothing, creates no lease. Its parts are in doctor/, which loads on first use.

import { realpathSync } from 'node:fs';
import path from 'node:path';
import { needsOf } from '../../needs.ts';
import type { Wanted } from '../../provider.ts';
import { wantedBy } from '../../schema/keys.ts';
import { shapeOf } from '../../schema/shape-of.ts';
import type { Command, CommandResult } from '../command.ts';
import type { Check } from '../doctor/check.ts';
import type { Policy } from '../doctor/policies.ts';
import type { Colours } from '../io.ts';
import { ownManifest, program } from '../manifest.ts';
import { type Loaded, withChain } from '../module.ts';

export const doctor: Command = {
  name: 'doctor',
  arguments: ['[MODULE]'],
  summary: 'check packages, key files, stores and clocks, and print the policies that reading needs',
  flags: {},
  examples: ['llm-config doctor', 'llm-config doctor dist/config.js --json'],
  async run(args, io) {
    return withChain(args, io, (loaded) =>
      examine(loaded, path.dirname(path.resolve(io.cwd(), loaded.file)), io.cwd()),
    );
  },
};

async function examine(loaded: Loaded, folder: string, cwd: string): Promise<CommandResult> {
  const { chain, schema, options } = loaded;
  const [machine, { Clocks }, stores, { policiesOf }] = await Promise.all([
    import('../doctor/machine.ts'),
    import('../doctor/clocks.ts'),
    import('../doctor/stores.ts'),
    import('../doctor/policies.ts'),
  ]);
  const wanted: Wanted = schema ? wantedBy(shapeOf(schema), options.at) : { keys: [], prefixes: [''] };
  using clocks = new Clocks();
  const storeChecks = await stores.storeChecks(chain);
  const { requests, check } = await stores.loadCost(loaded, wanted);
  // after the load, when the mounts of Vault are known
  const needs = await needsOf(chain.providers, wanted);
  const manifest = ownManifest();
  const sections: readonly (readonly [string, readonly Check[]])[] = [
    ['machine', [machine.nodeCheck(manifest)]],
    [
      'packages',
      machine.packageChecks(
        manifest,
        [folder, path.dirname(realpathSync(program))],
        machine.packagesFor(needs),
      ),
    ],
    ['key files', await machine.keyFileChecks(needs, cwd)],
    ['stores', [...storeChecks, ...clocks.checks()]],
    ['configuration', [check]],
  ];
  const policies = policiesOf(needs);
  const checks = sections.flatMap(([, list]) => list);
  const isWell = checks.every(({ status }) => status !== 'failed');
  return {
    text: [...sections.map(sectionText), costText(requests), ...policies.map(policyText)]
      .filter(Boolean)
      .join('\n\n'),
    colours,
    json: { ok: isWell, checks: Object.fromEntries(sections), requests, policies },
    exit: isWell ? 0 : 1,
  };
}

const colours: Colours = [
  [/^ {2}FAILED(?= )/gm, 'red'],
  [/^ {2}warning(?= )/gm, 'yellow'],
  [/^ {2}ok(?= )/gm, 'green'],
];

const marks = { ok: 'ok', warning: 'warning', failed: 'FAILED' } as const;

function sectionText([title, checks]: readonly [string, readonly Check[]]): string {
  if (checks.length === 0) return '';
  const width = (of: (check: Check) => string): number => Math.max(...checks.map((one) => of(one).length));
  const [names, marked] = [width(({ name }) => name), width(({ status }) => marks[status])];
  const lines = checks.map(({ name, found, status, expected, hint }) => {
    const wanted = expected === undefined ? '' : ` (expected ${expected})`;
    const head = `  ${marks[status].padEnd(marked)}  ${name.padEnd(names)}  ${found}${wanted}`;
    return hint === undefined ? head : `${head}. ${hint}`;
  });
  return [title, ...lines].join('\n');
}

function costText(requests: Readonly<Record<string, number>>): string {
  const stores = Object.entries(requests);
  if (stores.length === 0) return '';
  const counts = stores.map(([name, n]) => `  ${name}  ${n} ${n === 1 ? 'request' : 'requests'}`);
  return ['a load makes', ...counts].join('\n');
}

const names = { vault: 'Vault', aws: 'AWS', gcp: 'Google Cloud', azure: 'Azure' } as const;

const policyText = ({ kind, at, text }: Policy): string =>
  [
    `least privilege: ${names[kind]}${at === undefined ? '' : ` (${at})`}`,
    ...text.split('\n').map((line) => `  ${line}`),
  ].join('\n');
