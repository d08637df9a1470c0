// No secret appears in a file, an event, an error, a warning, or what is printed of a remembered provider.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../../src/chain/chain.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { optional } from '../../../src/decorators/tolerance.ts';
import { livingMetrics } from '../../../src/living.ts';
import { llmConfig } from '../../cli/terminal.ts';
import { testKey, world } from './world.ts';

const secrets = ['fake-Zq83-not-real', 'fake-Wm41-not-real', 'fake-Jt59-not-real'];
const [password = '', token = '', listed = ''] = secrets;
const key = Buffer.from(testKey()).toString('hex');

/** Forms in which a text may hide. Three offsets of base64. */
const forms = secrets.flatMap((secret) => [
  secret,
  Buffer.from(secret).toString('hex'),
  ...[0, 1, 2].map((offset) =>
    Buffer.from(`${' '.repeat(offset)}${secret}`)
      .toString('base64')
      .slice(offset === 0 ? 0 : 4, -4),
  ),
]);

it('no secret leaves a snapshot but through the value that is read', async () => {
  await using at = await world({ 'db.password': password, api: { token }, list: [listed, 'x'] });
  const texts: string[] = [];
  const see = (what: unknown): void => {
    texts.push(
      what instanceof Error ? String(what) : '',
      inspect(what, { depth: 9, showHidden: true }),
      JSON.stringify(what) ?? '',
    );
  };
  const warned = (warning: Error): void => see(warning);
  process.on('warning', warned);
  const schema = z.object({ db: z.object({ password: z.string() }), api: z.object({ token: z.string() }) });
  const gained = schema.extend({ missing: z.string() }) as unknown as typeof schema;
  const first = at.start();
  const load = async (one: typeof first, of: typeof schema) => {
    const config = await loadConfig(of, new ProviderChain([optional(one)])).catch((error: unknown) => {
      see(error);
    });
    see(config);
    see(config?.explain('db.password'));
    see(config?.explain('api'));
    await config?.close();
  };
  await load(first, schema);
  await first.list();
  await first.save();
  await at.clock.advance(1);
  await first.set('db.password', password);
  await first.close();
  for (const failure of ['unavailable', 'access_denied', undefined] as const) {
    at.store.failure = failure;
    await at.clock.advance(1);
    const one = at.start();
    see(one);
    for (const of of [schema, gained]) await load(one, of);
    for (const read of [
      one.get('db.password'),
      one.get('list'),
      one.get('never'),
      one.list(),
      one.health?.(),
    ])
      await read?.then(see, see);
    see([one.stats(), one.status?.('db.password'), livingMetrics()]);
    await one.close();
  }
  at.store.values.clear();
  await at.clock.advance(1);
  const wiped = at.start();
  await wiped.list();
  await wiped.close();
  const files = readdirSync(path.dirname(at.file)).map((name) => path.join(path.dirname(at.file), name));
  expect(files).toHaveLength(2);
  for (const file of files) {
    const text = readFileSync(file, 'latin1');
    texts.push(text, ...text.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1')));
    for (const args of [['show'], ['show', '--json'], ['verify'], ['verify', '--app', 'x'], ['show', 'none']])
      see(
        await llmConfig(['snapshot', args[0] as string, file, ...args.slice(1)], {
          env: { LLM_CONFIG_KEY: key },
        }),
      );
    writeFileSync(file, text.slice(0, -2));
    see(await llmConfig(['snapshot', 'show', file], { env: { LLM_CONFIG_KEY: key } }));
  }
  const broken = at.start({ keys: () => 'not a key, and secret' });
  at.store.failure = 'unavailable';
  await broken.get('db.password').catch(see);
  see(at.events);
  process.off('warning', warned);
  const all = texts.join('\n');
  expect(at.ofType('vanished')).toHaveLength(1);
  expect(all).toContain('[redacted]');
  for (const form of [...forms, key, 'and secret']) {
    const at = all.indexOf(form);
    expect(at < 0 ? '' : all.slice(Math.max(0, at - 200), at + 60), form).toBe('');
  }
});
