import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { keysIn } from '../../../src/extensions/audit/key-history.ts';
import {
  checkpointText,
  noteOf,
  parseVerifier,
  verifierOf,
  verifierText,
} from '../../../src/extensions/audit/note.ts';
import { Replay } from '../../../src/extensions/audit/replay.ts';
import { logKeyOf } from '../../../src/extensions/audit/signer.ts';
import { leafHash } from '../../../src/extensions/audit/tree.ts';
import { verifyLogs } from '../../../src/extensions/audit/verify.ts';
import { append, logs, origin, testKey } from './opened.ts';

/** A log of three batches with 4 entries each, and the checkpoint after each. */
async function three(maxFileBytes?: number) {
  const box = await logs();
  const log = await box.open({ ...(maxFileBytes !== undefined && { maxFileBytes }) });
  const kept: string[] = [];
  for (let i = 0; i < 3; i++) {
    await append(log, 4, i * 4);
    kept.push(log.checkpoint);
  }
  await log.close();
  const [file = ''] = box.files();
  const text = readFileSync(file, 'utf8');
  const verify = (checkpoints: readonly string[] = []) =>
    verifyLogs(box.directory, { keys: [log.verifier], checkpoints });
  const change = (made: string): void => writeFileSync(file, made);
  const edit = (how: (lines: string[]) => string[]): void => change(how(text.split('\n')).join('\n'));
  return {
    box,
    log,
    kept,
    file,
    text,
    verify,
    change,
    edit,
    [Symbol.asyncDispose]: () => box[Symbol.asyncDispose](),
  };
}

/** Where the entries of the second batch are: the head and five lines of the first come before. */
const second = 6;

describe('verifyLogs', () => {
  it('an untouched log passes, with and without a kept checkpoint', async () => {
    await using it = await three();
    expect(await it.verify()).toMatchObject({
      ok: true,
      logs: [{ name: 'host/one', size: 12, first: 0, tailBytes: 0 }],
    });
    expect(await it.verify(it.kept)).toMatchObject({ ok: true, missing: [] });
  });

  it('an edit, a swap, a removal and an insertion are found and named', async () => {
    await using it = await three();
    const finding = async () => (await it.verify()).logs[0]?.finding;
    it.edit((lines) => lines.with(second + 1, (lines[second + 1] as string).replace('svc', 'SVC')));
    expect(await finding()).toEqual({
      kind: 'changed',
      entry: 4,
      message: 'one of the entries 4 to 7 is not what was signed',
    });
    it.edit((lines) =>
      lines.with(second, lines[second + 1] as string).with(second + 1, lines[second] as string),
    );
    expect(await finding()).toEqual({ kind: 'reordered', entry: 5, message: 'entry 5 is not in its place' });
    it.edit((lines) => lines.toSpliced(second, 1));
    expect(await finding()).toEqual({
      kind: 'removed',
      entry: 4,
      message: '1 of the entries 4 to 7 is missing',
    });
    it.edit((lines) => lines.toSpliced(second, 0, lines[second] as string));
    expect(await finding()).toMatchObject({ kind: 'added', entry: 4 });
    it.edit((lines) => lines.toSpliced(second, 5)); // a whole batch with its checkpoint
    expect(await finding()).toMatchObject({ kind: 'removed', entry: 4 });
  });

  it('a cut end is found only with a checkpoint that was kept elsewhere', async () => {
    await using it = await three();
    it.edit((lines) => [...lines.slice(0, second + 5), '']);
    expect(await it.verify()).toMatchObject({ ok: true, logs: [{ size: 8 }] });
    it.change(it.text.slice(0, -1)); // the entries are there, but the line of their checkpoint does not end
    expect((await it.verify(it.kept)).logs[0]?.finding).toMatchObject({ kind: 'truncated', entry: 8 });
    it.edit((lines) => [...lines.slice(0, second + 5), '']);
    expect(await it.verify(it.kept.slice(0, 2))).toMatchObject({ ok: true });
    expect((await it.verify(it.kept)).logs[0]?.finding).toEqual({
      kind: 'truncated',
      entry: 8,
      message: 'the log ends at size 8, but a kept checkpoint is of size 12',
    });
  });

  it('a log that was removed or rewritten with the key differs from a kept checkpoint', async () => {
    await using it = await three();
    renameSync(path.dirname(it.file), path.join(path.dirname(it.file), '..', 'gone'));
    rmSync(path.join(it.box.directory, 'host', 'gone'), { recursive: true });
    const rewritten = await it.box.open();
    await append(rewritten, 4, 100);
    await append(rewritten, 8, 200);
    await rewritten.close();
    expect(await it.verify()).toMatchObject({ ok: true });
    expect((await it.verify(it.kept)).logs[0]?.finding).toMatchObject({ kind: 'changed' });
    renameSync(it.box.folderOf('one'), it.box.folderOf('two'));
    const other = it.kept.map((note) => note.replaceAll('host/one', 'host/three'));
    expect(await it.verify(other)).toMatchObject({ ok: false, missing: [`${origin}/host/three`] });
  });

  it('every flipped byte of a log is found', async () => {
    await using it = await three();
    const bytes = Buffer.from(it.text);
    const step = Number(process.env.PROPERTY_RUNS) > 1_000 ? 1 : 197;
    for (let at = 0; at < bytes.length; at += step) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      writeFileSync(it.file, flipped);
      const { ok, logs: found } = await it.verify(it.kept);
      if (ok) expect({ at, found }).toBe('found');
    }
  }, 300_000);

  it('a missing file, and a line without a checkpoint before a newer file, are found', async () => {
    await using it = await three(1_024);
    const files = it.box.files();
    expect(files).toHaveLength(3);
    const [first = '', middle = ''] = files;
    const bytes = readFileSync(middle);
    rmSync(middle);
    expect((await it.verify()).logs[0]?.finding).toEqual({
      kind: 'removed',
      entry: 4,
      message: 'the file with the entries 4 to 7 is missing',
    });
    writeFileSync(middle, bytes);
    writeFileSync(first, `${it.text}{"id":"x"}\n`);
    expect((await it.verify()).logs[0]?.finding).toMatchObject({ kind: 'added' });
    rmSync(first);
    expect(await it.verify()).toMatchObject({ ok: true, logs: [{ first: 4, size: 12 }] });
    expect(await it.verify(it.kept)).toMatchObject({ ok: true, logs: [{ unchecked: 0 }] });
    rmSync(middle);
    expect(await it.verify(it.kept)).toMatchObject({ ok: true, logs: [{ first: 8, unchecked: 1 }] });
  });

  it('a file of another log, an edge that was not signed, and another spelling are found', async () => {
    await using it = await three(1_024);
    await using other = await three(1_024);
    const [, middle = ''] = it.box.files();
    const text = readFileSync(middle, 'utf8');
    const finding = async (made: string) => {
      writeFileSync(middle, made);
      return (await it.verify()).logs[0]?.finding?.message;
    };
    expect(await finding(readFileSync(other.box.files()[1] as string, 'utf8'))).toBe(
      'the file that begins at entry 4 belongs to another log',
    );
    const [note, peaks] = JSON.parse(text.slice(0, text.indexOf('\n'))) as [string, string[]];
    const edge = JSON.stringify([note, peaks.map(() => Buffer.alloc(32).toString('base64'))]);
    expect(await finding(edge + text.slice(text.indexOf('\n')))).toBe(
      'the edge at entry 4 is not the one that was signed',
    );
    expect(await finding(`${text.slice(0, -2)} ]\n`)).toContain('is not one of a log');
  });

  it('a key that was replaced signs nothing more, although it is trusted', async () => {
    await using box = await logs();
    const log = await box.open();
    const old = log.verifier;
    await append(log, 1);
    await log.changeKey(testKey(2));
    await log.close();
    const [file = ''] = box.files();
    const key = await logKeyOf(testKey(1), 1_000);
    const listed = await keysIn(box.folderOf('one'));
    const whole = new Replay({ keys: () => listed });
    await whole.file(file);
    const line = '{"id":"01ZZZZZZZZZZZZZZZZZZZZZZZZ"}';
    const edge = whole.edge.copy();
    edge.add(leafHash(Buffer.from(`\0${line}`)));
    const name = whole.origin as string;
    const signed = checkpointText(name, edge.size, edge.root());
    const note = noteOf(signed, [await key.sign(signed, name)]);
    appendFileSync(file, `${line}\n${JSON.stringify([note])}\n`);
    expect(await verifyLogs(box.directory, { keys: [old, log.verifier] })).toMatchObject({
      ok: false,
      logs: [{ finding: { kind: 'unsigned', message: 'another key has signed the checkpoint at 3' } }],
    });
  });

  it('lines after the last checkpoint are a tail, not entries', async () => {
    await using it = await three();
    it.change(`${it.text}{"id":"torn"}\n{"ha`);
    expect(await it.verify(it.kept)).toMatchObject({ ok: true, logs: [{ size: 12, tailBytes: 18 }] });
    it.change(`${it.text}{"id":"${'\0'.repeat(40)}"}\n["x"]\n`);
    expect(await it.verify(it.kept)).toMatchObject({ ok: true, logs: [{ size: 12 }] });
  });

  it('one key verifies the logs of all processes, and a key of another name none', async () => {
    await using it = await three();
    const other = await it.box.open({ instance: 'two' });
    await append(other, 1);
    await other.close();
    const { raw } = parseVerifier(it.log.verifier);
    const named = (name: string) =>
      verifyLogs(it.box.directory, { keys: [verifierText(verifierOf(name, raw))] });
    expect(await named(origin)).toMatchObject({ ok: true, logs: [{ size: 12 }, { size: 1 }] });
    expect(await named('acme.example/ap')).toMatchObject({ ok: false });
    await expect(verifyLogs(it.box.directory, { keys: ['x'] })).rejects.toMatchObject({
      code: 'invalid_option',
    });
    await expect(verifyLogs(it.box.path('none'), { keys: [it.log.verifier] })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('a copy of a log hides no other one', async () => {
    await using it = await three();
    const other = await it.box.open({ instance: 'two' });
    await append(other, 2);
    await other.close();
    it.edit((lines) => lines.toSpliced(second, 1));
    // in the directory itself
    cpSync(it.box.folderOf('two'), it.box.directory, { recursive: true });
    expect(await it.verify()).toMatchObject({ ok: false, logs: [{}, { finding: { kind: 'removed' } }, {}] });
    // in place of the other
    rmSync(it.box.folderOf('one'), { recursive: true });
    cpSync(it.box.folderOf('two'), it.box.folderOf('one'), { recursive: true });
    const { logs } = await it.verify();
    expect(logs.map(({ name, finding }) => `${name} ${finding?.message}`)).toEqual([
      'audit undefined',
      `host/one the folder holds the log ${origin}/host/two`,
      'host/two undefined',
    ]);
    expect(await verifyLogs(it.box.folderOf('two'), { keys: [it.log.verifier] })).toMatchObject({ ok: true });
  });

  it('a kept checkpoint that no trusted key has signed is found', async () => {
    await using it = await three();
    const thief = it.kept[0]?.replace(/(?<= )\S+(?=\n$)/, (text) =>
      text.replace(/^.{30}/, 'A'.repeat(30)),
    ) as string;
    expect((await it.verify([thief])).logs[0]?.finding).toMatchObject({ kind: 'unsigned' });
    await expect(it.verify(['nothing'])).rejects.toMatchObject({ code: 'invalid_option' });
  });
});
