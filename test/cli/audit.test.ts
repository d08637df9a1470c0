import { createPublicKey, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCheckpoint, parseVerifier } from '../../src/extensions/audit/note.ts';
import { leafHash, nodeHash } from '../../src/extensions/audit/tree.ts';
import { append, logs } from '../extensions/audit/opened.ts';
import { llmConfig } from './terminal.ts';

/** Two logs: the first with five reads, a count, a denial, a load and a log-in. */
async function written() {
  const box = await logs();
  const log = await box.open();
  await append(log, 5);
  const kept = log.checkpoint;
  await log.append({
    type: 'secret.accessed',
    actor: 'ann',
    key: 'db.password',
    provider: 'vault',
    version: '7',
    ip: '10.0.0.1',
  });
  await log.append({ type: 'secret.accessed', actor: 'ann', key: 'db.password', count: 4, of: 'x' });
  await log.append({
    type: 'permission.denied',
    actor: 'bob',
    key: 'db.password',
    outcome: 'access_denied',
    reason: 'no',
  });
  await log.append({
    type: 'config.loaded',
    actor: 'app',
    action: 'load',
    secrets: [{ provider: 'vault', version: '7', keys: ['db.password', 'api.key'] }],
  });
  await log.append({ type: 'authentication.failed', provider: 'vault', outcome: 'unauthenticated' });
  await log.close();
  const other = await box.open({ instance: 'two' });
  await append(other, 1);
  await other.close();
  writeFileSync(box.path('kept.txt'), kept);
  writeFileSync(box.path('key.txt'), `${log.verifier}\n`);
  const run = (name: string, ...args: string[]) => llmConfig(['audit', name, box.directory, ...args]);
  return { ...box, kept, log, run };
}

describe('llm-config audit', () => {
  it('verify names each log, and warns that nothing kept elsewhere was compared', async () => {
    await using box = await written();
    const result = await box.run('verify', '--key', box.log.verifier);
    expect(result).toMatchObject({
      code: 0,
      out: 'host/one: 10 entries verified\nhost/two: 1 entry verified\n',
    });
    expect(result.err).toContain('Without --checkpoint');
    await using own = await logs();
    const log = await own.open();
    await append(log, 3);
    await log.close();
    writeFileSync(own.path('key.txt'), log.verifier);
    const good = await llmConfig(['audit', 'verify', own.directory, '--key', own.path('key.txt')]);
    expect(good).toMatchObject({ code: 0, out: 'host/one: 3 entries verified\n' });
  });

  it('verify exits with 1 and names what was changed', async () => {
    await using box = await written();
    const [file = ''] = box.files();
    writeFileSync(file, readFileSync(file, 'utf8').replace('"ann"', '"eve"'));
    const { code, out } = await llmConfig([
      'audit',
      'verify',
      box.folderOf('one'),
      '--key',
      box.log.verifier,
      '--checkpoint',
      box.path('kept.txt'),
      '--json',
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(out).logs[0].finding).toMatchObject({ kind: 'changed', entry: 5 });
  });

  it('prove prints a proof of inclusion that leads to the signed root', async () => {
    await using box = await written();
    const index = 5;
    const { id } = box.entries()[index] as { id: string };
    const { code, out } = await box.run('prove', id);
    expect(code).toBe(0);
    const [head = '', note = ''] = out.split(/\n\n(?=acme)/);
    const [version, at, ...path] = head.split('\n');
    expect([version, at]).toEqual(['c2sp.org/tlog-proof@v1', `index ${index}`]);
    const checkpoint = parseCheckpoint(note);
    const line = box.linesOf().filter((one) => one.startsWith('{'))[index] as string;
    let hash = leafHash(Buffer.from(`\0${line}`));
    // entry 5 of 10: left of 4, right of 6 and 7, right of 0 to 3, left of 8 and 9
    const [a, b, c, d] = path.map((one) => Buffer.from(one, 'base64')) as [Buffer, Buffer, Buffer, Buffer];
    hash = nodeHash(nodeHash(c, nodeHash(nodeHash(a, hash), b)), d);
    expect(hash).toEqual(checkpoint?.root);
    const key = createPublicKey(parseVerifier(box.log.verifier).key.export({ type: 'spki', format: 'pem' }));
    expect(
      verify(null, Buffer.from(checkpoint?.text ?? ''), key, checkpoint?.signatures[0]?.bytes ?? Buffer.of()),
    ).toBe(true);
    const json = await box.run('prove', id, '--checkpoint', box.path('kept.txt'), '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      index,
      line,
      consistency: expect.arrayContaining([expect.any(String)]),
    });
    expect(await box.run('prove', 'nothing')).toMatchObject({ code: 3 });
  });

  it('tail prints the last entries of all logs', async () => {
    await using box = await written();
    const { out } = await box.run('tail', '--lines', '2');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).type),
    ).toEqual(['authentication.failed', 'secret.accessed']);
    expect((await box.run('tail', '--lines', 'x')).code).toBe(2);
  });

  it('tail leaves out a batch that a crash has torn, and names a damaged file', async () => {
    await using box = await written();
    const [file = ''] = box.files('two');
    const text = readFileSync(file, 'utf8');
    const run = () => llmConfig(['audit', 'tail', box.folderOf('two')]);
    const { out } = await run();
    writeFileSync(file, `${text}{"id":"torn"}\n${'\0'.repeat(50)}["x"]\n`);
    expect(await run()).toMatchObject({ code: 0, out });
    writeFileSync(file, text.replace('{"id"', '{id'));
    const damaged = await run();
    expect(damaged.code).not.toBe(0);
    expect(damaged.err).toContain('has a line that is not an entry. Run llm-config audit verify');
  });

  it.each([
    [
      'cloudevents',
      {
        specversion: '1.0',
        type: 'secret.accessed',
        source: 'acme.example/app/host/one',
        subject: 'db.password',
        data: { actor: 'ann', version: '7' },
      },
    ],
    [
      'ecs',
      {
        event: { action: 'secret.accessed', outcome: 'success' },
        user: { id: 'ann' },
        source: { ip: '10.0.0.1' },
        labels: { config_key: 'db.password' },
      },
    ],
    [
      'ocsf',
      {
        class_uid: 6003,
        type_uid: 600302,
        status_id: 1,
        actor: { user: { uid: 'ann' } },
        resources: [{ name: 'db.password' }],
        src_endpoint: { ip: '10.0.0.1' },
      },
    ],
  ])('export writes one line an entry as %s', async (form, expected) => {
    await using box = await written();
    const { code, out } = await box.run('export', '--as', form);
    expect(code).toBe(0);
    const all = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(all).toHaveLength(11);
    expect(all[5]).toMatchObject(expected);
  });

  it('export knows failures, loads and log-ins as OCSF, and a period', async () => {
    await using box = await written();
    const { out } = await box.run('export', '--as', 'ocsf');
    const all = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(all[7]).toMatchObject({ status_id: 2, status_code: 'access_denied', status_detail: 'no' });
    expect(all[8]).toMatchObject({ resources: [{ name: 'db.password', version: '7' }, { name: 'api.key' }] });
    expect(all[9]).toMatchObject({ class_uid: 3002, type_uid: 300201, status_id: 2 });
    expect((await box.run('export', '--as', 'ecs', '--to', '2020-01-01')).out).toBe('');
    expect(await box.run('export', '--as', 'syslog')).toMatchObject({ code: 2 });
    // 11.12.2026 is in November where the month comes first
    for (const time of ['yesterday', '11.12.2026', '5', '2026-13-01'])
      expect(await box.run('export', '--as', 'ecs', '--from', time)).toMatchObject({ code: 2 });
  });

  it('verify needs a key, export a form, and tail of no entries exits with 1', async () => {
    await using box = await written();
    expect(await box.run('verify')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--key is missing'),
    });
    expect(await box.run('export')).toMatchObject({ code: 2, err: expect.stringContaining('--as must be') });
    expect(JSON.parse((await box.run('export', '--as', 'ecs', '--json')).out)).toHaveLength(11);
    await using empty = await logs();
    await (await empty.open()).close();
    expect(await llmConfig(['audit', 'tail', empty.directory])).toMatchObject({ code: 1, out: '' });
  });

  it('report counts who received which secret, and what was denied', async () => {
    await using box = await written();
    const { out } = await box.run('report', '--json');
    expect(JSON.parse(out).rows.slice(0, 2)).toMatchObject([
      { actor: 'ann', key: 'db.password', accesses: 5, denials: 0 },
      { actor: 'svc:inference', key: 'acme.inference.k0', accesses: 2 },
    ]);
    const { out: text } = await box.run('report');
    expect(text).toMatch(/^actor +key +received +denied +last\nann +db\.password +5 +0 +\d/);
    expect(text).toMatch(/^bob +db\.password +0 +1 /m);
    expect(text).toMatch(/^app +api\.key +1 +0 /m);
  });

  it('report keeps an actor with a line break in one row', async () => {
    await using box = await logs();
    const log = await box.open();
    await log.append({ type: 'secret.accessed', actor: 'ann\nbob  db.password  0', key: 'api.key' });
    await log.close();
    const { out } = await llmConfig(['audit', 'report', box.directory]);
    expect(out.trim().split('\n')).toHaveLength(2);
  });
});
