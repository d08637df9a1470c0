// The files that `scan` reads: those that git does not ignore, of a folder without git all but
// node_modules, or what is staged. Follows only links that the user names. Git runs without the programs
// that a repository's own settings name.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '../../errors.ts';
import { ioError, missing } from '../../local/file.ts';

/** One file, and its content in parts: each begins with the end of the one before. */
export interface ScannedFile {
  readonly name: string;
  /** The parts, each with its place in the file. `overlap`: how many bytes two parts share. */
  parts(overlap: number): AsyncIterable<Part> | Iterable<Part>;
}

export interface Part {
  readonly bytes: Buffer;
  readonly from: number;
}

const partSize = 4 * 1024 * 1024;
const skipped = new Set(['.git', 'node_modules']);
/** A repository must not choose a program for git to run. */
const git = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '--no-pager'];
const limits = { maxBuffer: 1024 * 1024 * 1024, encoding: 'buffer' } as const;

const runGit = async (...args: readonly string[]): Promise<readonly string[]> => {
  const { stdout } = await promisify(execFile)('git', [...git, ...args], limits);
  return stdout.toString('utf8').split('\0').filter(Boolean);
};

/** The files at paths: of a folder those that git knows or does not ignore. */
export async function* filesAt(paths: readonly string[], cwd: string): AsyncGenerator<ScannedFile> {
  const seen = new Set<string>();
  for (const given of paths) {
    const named = path.resolve(cwd, given);
    const start = await realpath(named).catch(() => named);
    const stats = await lstat(start).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? missing(given, 'scan') : ioError(error, given, 'scan');
    });
    for await (const file of stats.isDirectory() ? namesBelow(start) : [start]) {
      if (seen.has(file)) continue;
      seen.add(file);
      const name = path.join(given, path.relative(start, file));
      yield { name, parts: (overlap) => partsOfFile(file, overlap) };
    }
  }
}

async function* namesBelow(folder: string): AsyncGenerator<string> {
  const args = ['-C', folder, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = await runGit(...args).catch(() => undefined);
  if (!listed) return yield* walk(folder);
  for (const relative of new Set(listed)) {
    if (relative.split('/').some((part) => skipped.has(part))) continue;
    const name = path.join(folder, relative);
    // a repository inside this one is listed as a folder
    const isFolder = relative.endsWith('/') || (await lstat(name).catch(() => undefined))?.isDirectory();
    if (isFolder) yield* namesBelow(name);
    else yield name;
  }
}

async function* walk(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) yield folder; // whose parts are then an error
  for (const entry of entries ?? []) {
    const name = path.join(folder, entry.name);
    if (skipped.has(entry.name)) continue;
    if (entry.isDirectory()) yield* namesBelow(name);
    else yield name;
  }
}

/** A link, a pipe and a device have no parts: links lead to files that are scanned in their own place.
 *  @throws the error of a file or a folder that cannot be read */
async function* partsOfFile(name: string, overlap: number): AsyncGenerator<Part> {
  const stats = await lstat(name).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined; // git lists what is deleted
    throw error;
  });
  if (stats?.isDirectory()) await readdir(name);
  if (!stats?.isFile()) return;
  const handle = await open(name, 'r');
  try {
    yield* partsOfHandle(handle, overlap);
  } finally {
    await handle.close();
  }
}

async function* partsOfHandle(handle: FileHandle, overlap: number): AsyncGenerator<Part> {
  let from = 0;
  let rest = Buffer.alloc(0);
  for (;;) {
    const { size } = await handle.stat();
    const room = Buffer.allocUnsafe(Math.max(1, Math.min(partSize, size - from - rest.length + 1)));
    const { bytesRead } = await handle.read(room, 0, room.length, from + rest.length);
    if (bytesRead === 0) return;
    const bytes = Buffer.concat([rest, room.subarray(0, bytesRead)]);
    yield { bytes, from };
    const kept = Math.min(overlap, bytes.length);
    rest = Buffer.from(bytes.subarray(bytes.length - kept));
    from += bytes.length - kept;
  }
}

/** What is staged and differs from the last commit, as git will commit it. */
export async function* stagedFiles(paths: readonly string[], cwd: string): AsyncGenerator<ScannedFile> {
  const [up = ''] = await lineOf('-C', cwd, 'rev-parse', '--show-cdup');
  const args = ['-C', cwd, 'diff', '--cached', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-relative'];
  const listed = await runGit(...args, '--no-ext-diff', '--diff-filter=AMT', '--', ...paths).catch(
    (cause) => {
      throw new ConfigError('io', 'scan: git cannot list what is staged at these paths', {
        hint: 'Name paths in the repository',
        cause,
      });
    },
  );
  const files: { readonly name: string; readonly id: string }[] = [];
  for (let at = 0; at + 1 < listed.length; at += 2) {
    const [, mode = '', , id = ''] = (listed[at] as string).split(' ');
    if (mode !== '160000') files.push({ name: path.join(up, listed[at + 1] as string), id });
  }
  if (files.length === 0) return;
  const child = spawn('git', [...git, 'cat-file', '--batch'], { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    child.stdin.on('error', () => undefined);
    child.stdin.end(files.map(({ id }) => `${id}\n`).join(''));
    const read = blobsOf(child);
    for (const { name } of files) {
      const { value: bytes } = await read.next();
      if (!bytes) throw new ConfigError('io', `scan: git did not return the staged content of ${name}`);
      yield { name, parts: () => [{ bytes, from: 0 }] };
    }
  } finally {
    child.kill();
  }
}

const lineOf = async (...args: readonly string[]): Promise<readonly string[]> => {
  try {
    return (await runGit(...args)).map((line) => line.trimEnd());
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ConfigError(
      'io',
      isMissing ? 'scan: git is not installed' : 'scan: this folder is not in a git repository',
      { hint: 'Run --staged inside a repository, or name files to scan', cause: error },
    );
  }
};

/** The contents that `git cat-file --batch` prints: a line with the size, the bytes, a line break. */
async function* blobsOf({ stdout }: ChildProcess): AsyncGenerator<Buffer, undefined> {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted: number | undefined;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    held += chunk.length;
    if (wanted !== undefined && held < wanted + 1) continue;
    let bytes = Buffer.concat(chunks);
    for (;;) {
      if (wanted === undefined) {
        const end = bytes.indexOf('\n');
        if (end < 0) break;
        wanted = Number(/ blob (\d+)$/.exec(bytes.toString('latin1', 0, end))?.[1]);
        if (Number.isNaN(wanted)) return undefined;
        bytes = bytes.subarray(end + 1);
      }
      if (bytes.length < wanted + 1) break;
      yield bytes.subarray(0, wanted);
      bytes = bytes.subarray(wanted + 1);
      wanted = undefined;
    }
    chunks = [bytes];
    held = bytes.length;
  }
  return undefined;
}
