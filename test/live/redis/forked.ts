// Processes of their own that a live test starts and sends what to do: process.ts or spending.ts.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { program } from '../../support/program.ts';

/** Starts a program of this folder. It answers each message with `{ result }` or `{ error }`. */
export async function forked(name: 'process' | 'spending', setup: object) {
  const child = fork(await program(new URL(`${name}.ts`, import.meta.url)), [JSON.stringify(setup)]);
  expect(await once(child, 'message')).toEqual(['ready', undefined]);
  return {
    child,
    async send<T>(...words: readonly unknown[]): Promise<T> {
      child.send(words);
      const [answer] = (await once(child, 'message')) as [{ result: T; error?: string }];
      if (answer.error) throw new Error(answer.error);
      return answer.result;
    },
  };
}
