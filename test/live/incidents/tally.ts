// Counts the answers of one client during one incident. A row of the result is such a tally with the requests
// and times of the incident.

import type { Verdict } from './truth.ts';
import { groupOf } from './truth.ts';

/** Where an answer came from. */
export type Reader = 'chain.get' | 'config.value';

const shown = 5;

export class Tally {
  reads = 0;
  right = 0;
  stale = 0;
  /** Defaults where the documentation allows them: single reads while a store is empty. */
  defaults = 0;
  wrong = 0;
  /** Looks at `config.value`. */
  looks = 0;
  wrongLooks = 0;
  readonly errors = new Map<string, number>();
  /** By the group of the key: `v`, `s`, `f`, `e`, `lease`. */
  readonly errorsOf = new Map<string, number>();
  /** The first wrong answers. */
  readonly examples: string[] = [];
  longestMs = 0;
  lastErrorAt = 0;

  answered(reader: Reader, key: string, value: unknown, verdict: Verdict, allowsDefault = false): void {
    if (reader === 'chain.get') this.reads++;
    if (verdict === 'right' || verdict === 'stale') {
      if (reader === 'chain.get') this[verdict]++;
    } else if (verdict === 'default' && allowsDefault) this.defaults++;
    else this.isWrong(reader, `${key} is ${JSON.stringify(value)}`);
  }

  isWrong(reader: Reader, what: string): void {
    if (reader === 'chain.get') this.wrong++;
    else this.wrongLooks++;
    if (this.examples.length < shown) this.examples.push(`${reader}: ${what}`);
  }

  failed(key: string, code: string): void {
    this.reads++;
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
    this.errorsOf.set(groupOf(key), (this.errorsOf.get(groupOf(key)) ?? 0) + 1);
    this.lastErrorAt = performance.now();
  }

  took(ms: number): void {
    this.longestMs = Math.max(this.longestMs, ms);
  }
}

export interface Requests {
  readonly vault: number;
  readonly ssm: number;
}

/** What one client went through in one incident. */
export interface Row {
  readonly incident: string;
  readonly client: string;
  readonly holds: boolean;
  readonly tally: Tally;
  /** How long the fault lasted. */
  readonly seconds: number;
  readonly during: Requests;
  readonly after: Requests;
  /** From the end of the fault to the last error. */
  readonly recoveryMs: number;
  readonly maxLagMs: number;
  readonly heapMb: number;
}
