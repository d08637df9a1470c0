import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { manualClock } from 'llm-config-manager/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { read } from '../../../scripts/files.ts';
import { fieldNames } from '../../../src/extensions/audit/entry.ts';
import { deleteBefore } from '../../../src/extensions/audit/folder.ts';
import { type AuditEvent, AuditLog } from '../../../src/extensions/audit/log.ts';
import { parseCheckpoint } from '../../../src/extensions/audit/note.ts';
import { verifyLogs } from '../../../src/extensions/audit/verify.ts';
import { access, append, logs, origin, testKey } from './opened.ts';

afterEach(() => vi.restoreAllMocks());

const failing = (code: string) => Object.assign(new Error(`${code}: fake`), { code });

/** The prototype of file handles, to make their methods fail. */
async function handles() {
  const handle = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  return prototype;
}

describe('an audit log', () => {
  it('append resolves when the entry and its checkpoint are on disk', async () => {
    await using box = await logs();
    await using log = await box.open();
    const receipt = await log.append(access(1));
    expect(receipt).toEqual({ id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/), index: 0 });
    const [head, entry, checkpoint] = box.linesOf().map((line) => JSON.parse(line));
    expect(head[1]).toEqual([]);
    expect(entry).toEqual({ ...access(1), id: receipt.id, time: expect.any(String), outcome: 'ok' });
    expect(checkpoint).toEqual([log.checkpoint]);
    expect(parseCheckpoint(log.checkpoint)).toMatchObject({ origin: `${origin}/host/one`, size: 1 });
  });

  it('a line has no fields but those of an entry, and its own id and time', async () => {
    await using box = await logs();
    await using log = await box.open();
    const found = { key: 'db.password', value: 'fake-Zq83-not-real', id: 'x', time: 'y', version: '8' };
    const secrets = [{ ...found, keys: ['db.password'] }];
    const { id } = await log.append({ ...found, secrets, type: 'secret.rotated' });
    expect(box.entries()).toMatchObject([{ id, key: 'db.password', version: '8' }]);
    expect(box.entries()[0]?.time).not.toBe('y');
    expect(box.linesOf().join()).not.toContain('fake-Zq83');
  });

  it('the page names every field of a line', () => {
    const page = read('docs/extensions/audit.md');
    expect(fieldNames.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('entries that arrive together are one batch with one checkpoint', async () => {
    await using box = await logs();
    await using log = await box.open();
    await append(log, 500);
    const kinds = box.linesOf().map((line) => line[0]);
    expect(kinds.filter((kind) => kind === '{')).toHaveLength(500);
    expect(kinds.filter((kind) => kind === '[')).toHaveLength(2);
    const ids = box.entries().map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(500);
  });

  it('a batch has at most 10,000 entries, and about 8 MiB', async () => {
    await using box = await logs();
    await using log = await box.open();
    const checkpoints = () => box.linesOf().filter((line) => line[0] === '[').length - 1;
    await append(log, 10_001);
    expect(checkpoints()).toBe(2);
    const long = { type: 'config.read', reason: 'x'.repeat(5_000_000) } as const;
    await Promise.all([log.append(long), log.append(long)]);
    expect(checkpoints()).toBe(4);
  });

  it('opening continues a log, and cuts off what was never acknowledged', async () => {
    await using box = await logs();
    const first = await box.open();
    await append(first, 3);
    await first.close();
    const [file = ''] = box.files();
    const whole = readFileSync(file);
    for (const rest of ['{"half a li', `{"id":"x"}\n{"id":"y"}\n`, '["half', `${'\0'.repeat(5000)}["x"]\n`]) {
      appendFileSync(file, rest);
      await using log = await box.open();
      expect(log.size).toBe(3);
      expect(log.cutBytes).toBe(rest.length);
      expect(readFileSync(file)).toEqual(whole);
    }
    await using log = await box.open();
    expect(log.cutBytes).toBe(0);
    expect(await log.append(access(4))).toMatchObject({ index: 3 });
  });

  it('opening after a crash in every byte of a batch loses no entry before it', async () => {
    await using box = await logs();
    const first = await box.open();
    await append(first, 2);
    const acknowledged = readFileSync(box.files()[0] as string).length;
    await append(first, 2, 2);
    await first.close();
    const [file = ''] = box.files();
    const whole = readFileSync(file);
    const step = process.env.PROPERTY_RUNS === undefined ? 131 : 1;
    for (let length = whole.length - 1; length >= acknowledged; length -= step) {
      writeFileSync(file, whole.subarray(0, length));
      await using log = await box.open();
      expect(log.size).toBe(2);
    }
    truncateSync(file, 0); // the head of a log that is being made
    await using log = await box.open();
    expect(log.size).toBe(0);
  }, 120_000);

  it('opening does not take damage before a later batch for a torn one', async () => {
    await using box = await logs();
    const first = await box.open();
    for (let i = 0; i < 3; i++) await append(first, 2, i);
    await first.close();
    const [file = ''] = box.files();
    const damaged = readFileSync(file);
    damaged.fill(0, damaged.indexOf('{') + 40, damaged.indexOf('{') + 60);
    writeFileSync(file, damaged);
    await expect(box.open()).rejects.toMatchObject({ code: 'crypto' });
    expect(readFileSync(file)).toEqual(damaged);
    const { logs: verified } = await verifyLogs(box.directory, { keys: [first.verifier] });
    expect(verified).toMatchObject([{ finding: { kind: 'changed', entry: 0 } }]);
  });

  it('opening refuses a log in which an acknowledged entry was changed', async () => {
    await using box = await logs();
    const first = await box.open();
    await append(first, 3);
    await first.close();
    const [file = ''] = box.files();
    const text = readFileSync(file, 'utf8');
    for (const changed of [
      text.replace('k1', 'k9'),
      text.replace(/^\{.*\n/m, ''),
      text.slice(text.indexOf('\n') + 1),
    ]) {
      writeFileSync(file, changed);
      await expect(box.open()).rejects.toMatchObject({ code: 'crypto' });
      expect(readFileSync(file, 'utf8')).toBe(changed);
    }
  });

  it('a second writer is refused at once, and the lock of a dead one is taken over', async () => {
    await using box = await logs();
    const log = await box.open();
    await expect(box.open()).rejects.toMatchObject({ code: 'conflict' });
    await using other = await box.open({ instance: 'two' });
    expect(other.size).toBe(0);
    await log.close();
    const lock = path.join(box.folderOf('one'), 'log.lock');
    expect(existsSync(lock)).toBe(false);
    writeFileSync(lock, '{"world":"elsewhere","pid":1}');
    await expect(box.open()).rejects.toMatchObject({ code: 'conflict' });
    utimesSync(lock, 1, 1);
    await using again = await box.open();
    expect(again.size).toBe(0);
  });

  it('a writer that has lost its lock writes nothing more', async () => {
    await using box = await logs();
    await using log = await box.open();
    await append(log, 1);
    writeFileSync(path.join(box.folderOf('one'), 'log.lock'), '{"world":"elsewhere","pid":1}');
    vi.spyOn(performance, 'now').mockReturnValue(1e9);
    for (let i = 0; i < 2; i++) await expect(log.append(access(2))).rejects.toThrow('took over its lock');
    expect(box.entries()).toHaveLength(1);
  });

  it('a folder that cannot be read is an error of this library', async () => {
    await using box = await logs();
    mkdirSync(path.join(box.folderOf('one'), '0000000000000000.jsonl'), { recursive: true });
    await expect(box.open()).rejects.toMatchObject({ name: 'ConfigError', code: 'io' });
  });

  it('an entry that no reader accepts is refused', async () => {
    await using box = await logs();
    await using log = await box.open();
    const entry = log.append({ type: 'config.read', reason: 'x'.repeat(9_000_000) });
    await expect(entry).rejects.toMatchObject({ code: 'audit_failed' });
    expect(log.size).toBe(0);
  });

  it('an instance is random by default, so that each process has its own log', async () => {
    await using box = await logs();
    const options = { directory: box.directory, origin, key: testKey(1) };
    await using a = await AuditLog.open(options);
    await using b = await AuditLog.open(options);
    expect(a.origin).not.toBe(b.origin);
    expect(a.origin).toMatch(/^acme\.example\/app\/[^/]+\/[\da-f-]{36}$/);
  });

  it('options that are missing or wrong are refused', async () => {
    await using box = await logs();
    await expect(AuditLog.open({ directory: box.directory, origin } as never)).rejects.toThrow(
      'option key is missing',
    );
    for (const [option, value] of [
      ['origin', 'with space'],
      ['origin', 'a+b'],
      ['host', '../up'],
      ['instance', '..'],
    ] as const)
      await expect(box.open({ [option]: value })).rejects.toMatchObject({ code: 'invalid_option' });
  });
});

describe('a batch that fails', () => {
  it('a failed batch is cut off, its callers fail, and the next one is written', async () => {
    await using box = await logs();
    await using log = await box.open();
    await append(log, 2);
    const prototype = await handles();
    const real = prototype.write;
    vi.spyOn(prototype, 'write')
      .mockImplementationOnce(function (this: never, ...[bytes, at, , position]: never[]) {
        return Reflect.apply(real, this, [bytes, at, 100, position]); // a short write, as on a full disk
      } as never)
      .mockRejectedValueOnce(failing('ENOSPC'));
    const error = await log.append(access(3)).catch((one: Error) => one);
    expect(error).toMatchObject({ code: 'audit_failed', transient: false, status: 500 });
    expect((error as Error).message).toContain('the disk is full');
    expect(box.entries()).toHaveLength(2);
    expect(await log.append(access(4))).toMatchObject({ index: 2 });
    expect((await verifyLogs(box.directory, { keys: [log.verifier] })).ok).toBe(true);
  });

  it('a failed fdatasync acknowledges nothing', async () => {
    await using box = await logs();
    await using log = await box.open();
    const prototype = await handles();
    vi.spyOn(prototype, 'datasync').mockRejectedValueOnce(failing('EIO'));
    const results = await Promise.allSettled([log.append(access(1)), log.append(access(2))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(log.size).toBe(0);
    expect(box.entries()).toEqual([]);
  });

  it('a batch that cannot be cut off closes the log', async () => {
    await using box = await logs();
    const log = await box.open();
    await append(log, 2);
    const prototype = await handles();
    vi.spyOn(prototype, 'datasync').mockRejectedValueOnce(failing('EIO'));
    vi.spyOn(prototype, 'truncate').mockRejectedValueOnce(failing('EIO'));
    await expect(log.append(access(3))).rejects.toMatchObject({ code: 'audit_failed' });
    await expect(log.append(access(4))).rejects.toThrow('cannot be cut off');
    await log.close();
    await using again = await box.open(); // the batch has a checkpoint: it stays
    expect(again.size).toBe(3);
  });

  it('an entry without a caller waits, is reported, and is written when the disk is back', async () => {
    await using box = await logs();
    const clock = manualClock();
    await using log = await box.open({ clock });
    const events: AuditEvent[] = [];
    log.on((event) => events.push(event));
    const prototype = await handles();
    const broken = vi.spyOn(prototype, 'datasync').mockRejectedValue(failing('ENOSPC'));
    log.recorder.event({ type: 'health.degraded', provider: 'vault' });
    await vi.waitFor(() => expect(events).toMatchObject([{ type: 'failed', waiting: 1 }]));
    broken.mockRestore();
    await clock.until(
      vi.waitFor(() => expect(box.entries()).toMatchObject([{ type: 'health.degraded' }])),
      500,
    );
    expect(events.at(-1)).toMatchObject({ type: 'checkpoint', size: 1 });
  });

  it('close writes an entry that waits for the disk', async () => {
    await using box = await logs();
    const log = await box.open({ clock: manualClock() });
    const events: AuditEvent[] = [];
    log.on((event) => events.push(event));
    const prototype = await handles();
    const broken = vi.spyOn(prototype, 'datasync').mockRejectedValue(failing('ENOSPC'));
    log.recorder.event({ type: 'health.degraded' });
    await vi.waitFor(() => expect(events).toHaveLength(1));
    broken.mockRestore();
    await log.close();
    expect(box.entries()).toMatchObject([{ type: 'health.degraded' }]);
  });

  it('close fails if entries without a caller are lost', async () => {
    await using box = await logs();
    const log = await box.open({ clock: manualClock() });
    log.on(() => undefined);
    const prototype = await handles();
    vi.spyOn(prototype, 'datasync').mockRejectedValue(failing('ENOSPC'));
    log.recorder.event({ type: 'health.degraded' });
    await expect(log.close()).rejects.toThrow('closes without 1 entry');
    await expect(log.append(access(1))).rejects.toMatchObject({ code: 'audit_failed' });
  });
});

describe('events while the disk is full', () => {
  it('events beyond 10,000 are counted, and the gap is an entry', async () => {
    await using box = await logs();
    const clock = manualClock();
    const log = await box.open({ clock });
    log.on(() => undefined);
    const prototype = await handles();
    const broken = vi.spyOn(prototype, 'datasync').mockRejectedValue(failing('ENOSPC'));
    for (let i = 0; i < 10_007; i++) log.recorder.event({ type: 'health.degraded' });
    await new Promise((done) => setImmediate(done));
    broken.mockRestore();
    await log.close();
    expect(box.entries()).toHaveLength(10_001);
    expect(box.entries().at(-1)).toMatchObject({ type: 'audit.gap', count: 7 });
  });
});

describe('the files of a log', () => {
  it('a new file begins by size and by day, and an old one may be deleted', async () => {
    await using box = await logs();
    const clock = manualClock();
    await using log = await box.open({ clock, maxFileBytes: 2_000 });
    for (let i = 0; i < 5; i++) await append(log, 5, i * 5);
    expect(box.files().length).toBeGreaterThan(2);
    const before = box.files().length;
    await append(log, 1);
    await clock.advance(86_400_000);
    await append(log, 1);
    expect(box.files().length).toBeGreaterThan(before);
    rmSync(box.files()[0] as string);
    const { ok, logs: verified } = await verifyLogs(box.directory, { keys: [log.verifier] });
    expect(ok).toBe(true);
    expect(verified).toMatchObject([{ first: expect.any(Number), size: 27 }]);
    expect(verified[0]?.first).toBeGreaterThan(0);
  });

  it('a log continues after its older files were deleted', async () => {
    await using box = await logs();
    const first = await box.open({ maxFileBytes: 1_024 });
    for (let i = 0; i < 4; i++) await append(first, 5);
    await first.close();
    for (const file of box.files().slice(0, -1)) rmSync(file);
    await using log = await box.open();
    expect(await log.append(access(1))).toMatchObject({ index: 20 });
    expect((await verifyLogs(box.directory, { keys: [log.verifier] })).ok).toBe(true);
  });

  it('files that are older than keepDays are deleted, those of dead processes too', async () => {
    await using box = await logs();
    const dead = await box.open({ instance: 'dead' });
    await append(dead, 1);
    await dead.close();
    const open = await box.open({ instance: 'open' });
    await append(open, 1);
    const own = await box.open({ maxFileBytes: 1_024 });
    for (let i = 0; i < 3; i++) await append(own, 5);
    await own.close();
    for (const file of [...box.files('dead'), ...box.files('open'), ...box.files()]) utimesSync(file, 1, 1);
    await using log = await box.open({ keepDays: 30 });
    expect(box.files()).toHaveLength(1);
    expect(box.files('open')).toHaveLength(1);
    expect(existsSync(box.folderOf('dead'))).toBe(false);
    expect(log.size).toBe(15);
    await open.close();
  });

  it('old files of a log are deleted while its lock is held', async () => {
    await using box = await logs();
    const dead = await box.open();
    await append(dead, 1);
    await dead.close();
    const steps: string[] = [];
    const note = (step: string): void => void steps.push(`${step} ${box.files().length}`);
    const lock = async () => {
      note('locked');
      return { guard: async () => undefined, release: async () => note('released') };
    };
    await deleteBefore(box.directory, Number.POSITIVE_INFINITY, async () => undefined);
    await deleteBefore(box.directory, Number.POSITIVE_INFINITY, lock);
    expect(steps).toEqual(['locked 1', 'released 0']);
  });

  it('a new file counts once it is on disk', async () => {
    await using box = await logs();
    await using log = await box.open({ maxFileBytes: 1_024 });
    await append(log, 5);
    const sync = vi.spyOn(await handles(), 'sync').mockRejectedValueOnce(failing('EIO'));
    await expect(log.append(access(6))).rejects.toMatchObject({ code: 'audit_failed' });
    expect(box.files()).toHaveLength(1);
    sync.mockRestore();
    expect(await log.append(access(7))).toMatchObject({ index: 5 });
    expect(box.files()).toHaveLength(2);
  });

  it('a copy of another log is not continued', async () => {
    await using box = await logs();
    const log = await box.open();
    await append(log, 1);
    await log.close();
    cpSync(box.folderOf('one'), box.folderOf('two'), { recursive: true });
    await expect(box.open({ instance: 'two' })).rejects.toThrow(`it is the log of ${origin}/host/one`);
  });

  it('a new file that was not finished when the process died is made again', async () => {
    await using box = await logs();
    const first = await box.open();
    await append(first, 2);
    await first.close();
    writeFileSync(path.join(box.folderOf('one'), '0000000000000002.jsonl'), '["acme.example/a');
    await using log = await box.open();
    expect(log.size).toBe(2);
    expect(box.files()).toHaveLength(1);
  });
});

describe('the keys of a log', () => {
  it('both keys sign the change alone, although other entries come at once', async () => {
    await using box = await logs();
    await using log = await box.open();
    const changing = log.changeKey(testKey(2));
    const change = vi.spyOn(log.recorder.queue, 'add').mockImplementationOnce((line, commit) => {
      const changed = log.recorder.queue.add(line, commit);
      void append(log, 2);
      return changed;
    });
    await changing;
    change.mockRestore();
    await append(log, 1);
    const kinds = box.linesOf().map((line) => (line[0] === '{' ? JSON.parse(line).type : 'checkpoint'));
    expect(kinds.slice(1, 3)).toEqual(['audit.key_changed', 'checkpoint']);
    expect(box.entries()).toHaveLength(4);
  });

  it('a log that is closed meanwhile does not change its key', async () => {
    await using box = await logs();
    const log = await box.open();
    await append(log, 1);
    const changed = expect(log.changeKey(testKey(2))).rejects.toMatchObject({ code: 'audit_failed' });
    await log.close();
    await changed;
    expect(readFileSync(path.join(box.folderOf('one'), 'keys.json'), 'utf8')).not.toContain('until');
  });

  it('a change of the key is an entry whose checkpoint both keys sign', async () => {
    await using box = await logs();
    const first = await box.open();
    const [old] = [first.verifier];
    await append(first, 1);
    await first.changeKey(testKey(2));
    await append(first, 1);
    await first.close();
    expect(box.entries().map(({ type }) => type)).toEqual([
      'secret.accessed',
      'audit.key_changed',
      'secret.accessed',
    ]);
    const notes = box.linesOf().filter((line) => line.startsWith('["'));
    const signers = notes.map((line) => parseCheckpoint(JSON.parse(line)[0])?.signatures.length);
    expect(signers).toEqual([1, 1, 2, 1]);
    for (const key of [old, first.verifier])
      expect(await verifyLogs(box.directory, { keys: [key] })).toMatchObject({ ok: true });
    const { keys } = JSON.parse(readFileSync(path.join(box.folderOf('one'), 'keys.json'), 'utf8'));
    expect(keys).toMatchObject([
      { verifier: expect.stringContaining(`${origin}/host/one+`), from: { size: 0 }, until: { size: 1 } },
      { verifier: expect.stringMatching(/one\+/), from: { size: 1 } },
    ]);
  });

  it('opening with another key needs the previous one, and records the change', async () => {
    await using box = await logs();
    await (await box.open()).close();
    await expect(box.open({ key: testKey(2) })).rejects.toThrow('previousKey');
    await (await box.open({ key: testKey(2), previousKey: testKey(1) })).close();
    expect(box.entries()).toMatchObject([{ type: 'audit.key_changed' }]);
    await using log = await box.open({ key: testKey(2) });
    await append(log, 1);
    expect(await verifyLogs(box.directory, { keys: [log.verifier] })).toMatchObject({ ok: true });
  });

  it('a key that the log did not change to is not accepted, although keys.json lists it', async () => {
    await using box = await logs();
    const log = await box.open();
    await append(log, 1);
    await log.close();
    const thief = await box.open({ instance: 'two', key: testKey(9) });
    await append(thief, 1);
    await thief.close();
    expect(await verifyLogs(box.folderOf('two'), { keys: [log.verifier] })).toMatchObject({
      ok: false,
      logs: [{ finding: { kind: 'unsigned', message: 'none of the given keys has signed the log' } }],
    });
  });
});

describe('checkpoints', () => {
  it('publish receives the newest checkpoint once a minute, and at the end', async () => {
    await using box = await logs();
    const clock = manualClock();
    const published: number[] = [];
    const publish = (note: string): unknown => published.push(parseCheckpoint(note)?.size ?? -1);
    const log = await box.open({ clock, publish });
    await append(log, 1);
    await append(log, 1);
    await append(log, 1);
    expect(published).toEqual([1]);
    await clock.advance(60_000);
    expect(published).toEqual([1, 3]);
    await append(log, 1);
    await log.close();
    expect(published).toEqual([1, 3, 4]);
  });

  it('a publish that fails is reported and tried again, and no caller waits for it', async () => {
    await using box = await logs();
    const clock = manualClock();
    const publish = vi.fn().mockRejectedValueOnce(new Error('fake-Zq83'));
    await using log = await box.open({ clock, publish });
    const events: AuditEvent[] = [];
    log.on((event) => event.type === 'failed' && events.push(event));
    await append(log, 1);
    await clock.advance(60_000);
    expect(publish).toHaveBeenCalledTimes(2);
    expect(events).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain('fake-Zq83');
  });

  it('a publish that hangs is reported while the log is open', async () => {
    await using box = await logs();
    const clock = manualClock();
    let end = (): void => undefined;
    const publish = vi.fn(() => new Promise<void>((resolve) => (end = resolve)));
    await using log = await box.open({ clock, publish, publishEveryMs: 20_000 });
    const events: AuditEvent[] = [];
    log.on((event) => event.type === 'failed' && events.push(event));
    await append(log, 1);
    await append(log, 1);
    await clock.advance(20_000);
    expect(events).toEqual([]);
    await clock.advance(20_000);
    expect(events).toMatchObject([{ message: expect.stringContaining('publish has not ended') }]);
    end();
    await clock.advance(20_000);
    expect(publish).toHaveBeenCalledTimes(2);
    end();
  });

  it('opening publishes what a crash may have kept from being published', async () => {
    await using box = await logs();
    const first = await box.open();
    await append(first, 1);
    await first.close();
    const publish = vi.fn();
    await using log = await box.open({ publish });
    expect(publish).toHaveBeenCalledExactlyOnceWith(log.checkpoint);
  });

  it('a publish that hangs does not keep the log from closing, and is reported', async () => {
    await using box = await logs();
    const clock = manualClock();
    const log = await box.open({ clock, publish: () => new Promise(() => undefined) });
    const events: AuditEvent[] = [];
    log.on((event) => event.type === 'failed' && events.push(event));
    await append(log, 1);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const closing = log.close();
    while (vi.getTimerCount() === 0) await new Promise((done) => setImmediate(done));
    vi.advanceTimersByTime(2_000);
    vi.useRealTimers();
    await closing;
    expect(events).toMatchObject([
      { message: expect.stringContaining('was not published: publish did not end within 2000 ms') },
    ]);
  });
});
