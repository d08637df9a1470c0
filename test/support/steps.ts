import { type Steps, wait } from '../../src/turns.ts';

/** A promise as a step that only an asynchronous driver can take. */
export const waiting = <T>(later: () => T | Promise<T>): Steps<T> => wait({ who: 'the test', later });
