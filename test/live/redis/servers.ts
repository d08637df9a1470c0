// Servers of Redis that a test starts, stops and kills itself: `redis-server` must be installed.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Server {
  readonly port: number;
  readonly host: string;
  readonly process: ChildProcess;
}

const sleep = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));

/** Sends a command and returns the reply as it is on the wire. */
export function command(port: number, ...words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(5_000, () => socket.destroy(new Error('no reply')));
    socket.on('error', reject);
    socket.on('data', (reply) => {
      resolve(String(reply));
      socket.destroy();
    });
    socket.write(
      `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
    );
  });
}

export class Servers {
  readonly #folder = mkdtempSync(join(tmpdir(), 'redis-'));
  readonly #all: ChildProcess[] = [];

  async start(port: number, ...options: readonly string[]): Promise<Server> {
    const folder = mkdtempSync(join(this.#folder, `${port}-`));
    const own = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
    ];
    const child = spawn(
      'redis-server',
      [
        ...options.filter((one) => one.endsWith('.conf')),
        ...own,
        ...options.filter((one) => !one.endsWith('.conf')),
      ],
      { stdio: 'ignore' },
    );
    this.#all.push(child);
    for (let i = 0; i < 200; i++) {
      if ((await command(port, 'PING').catch(() => '')).startsWith('+PONG')) break;
      await sleep(25);
    }
    return { port, host: `127.0.0.1:${port}`, process: child };
  }

  /** A file with the options of a Sentinel. */
  sentinelFile(port: number, primary: number): string {
    const file = join(this.#folder, `sentinel-${port}.conf`);
    const more = 'sentinel failover-timeout m 5000\n';
    writeFileSync(
      file,
      `sentinel monitor m 127.0.0.1 ${primary} 2\nsentinel down-after-milliseconds m 1000\n${more}`,
    );
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#all) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
