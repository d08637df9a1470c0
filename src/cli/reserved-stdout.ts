// Keeps stdout for the answer: what a module of the application prints there goes to stderr. Used while a
// module is loaded, and by `mcp` until it ends.

import process from 'node:process';

type Write = (...args: readonly unknown[]) => boolean;

/** Sends everything that is written to stdout to stderr, until disposed. Only `own` writes to stdout. */
export class ReservedStdout implements Disposable {
  readonly #write = process.stdout.write;
  #isOwn = false;

  constructor() {
    const write = this.#write.bind(process.stdout) as Write;
    const divert = process.stderr.write.bind(process.stderr) as Write;
    const either: Write = (...args) => (this.#isOwn ? write : divert)(...args);
    process.stdout.write = either as typeof process.stdout.write;
  }

  own(write: () => void): void {
    this.#isOwn = true;
    try {
      write();
    } finally {
      this.#isOwn = false;
    }
  }

  [Symbol.dispose](): void {
    process.stdout.write = this.#write;
  }
}
