// The context in which a sentence about a second level is checked: connections to the level, shelters over
// one counting store, and time. Used by describe-second-level.ts.

import assert from 'node:assert/strict';
import { ConfigError } from '../../errors.ts';
import type { WritableShelteredProvider } from '../../shelter/abilities.ts';
import { systemClock } from '../../shelter/clock.ts';
import type { CacheOptions } from '../../shelter/options.ts';
import type { Call, DocumentSource, Outcome, Page } from '../../shelter/port.ts';
import type {
  AskedName,
  AskOptions,
  HeldContent,
  KeptContent,
  NotHeld,
  SecondLevel,
  SharedName,
} from '../../shelter/second-level.ts';
import type { ManualClock } from '../clock.ts';

const { setTimeout } = globalThis;

/** A fresh second level, as the processes that share it see it. */
export interface SecondLevelSubject {
  /** Returns the level as another process has it, over the same contents. A level in memory returns the same
   *  one each time. */
  readonly connect: () => SecondLevel | Promise<SecondLevel>;
  /** The clock of the level, which the suite advances. Without it, the suite waits in real time. */
  readonly clock?: ManualClock;
  /** Cleans up after a sentence. */
  readonly dispose?: () => void | Promise<void>;
}

export interface LevelSentence {
  readonly title: string;
  readonly check: (context: LevelContext) => Promise<void>;
}

export interface LevelChapter {
  readonly title: string;
  readonly sentences: readonly LevelSentence[];
}

/** How long documents are fresh in the shelters of the suite. */
export const ttlMs = 1_000;
/** How long an absent document is known to be absent. */
export const absentTtlMs = 500;

const store = 'store: https://vault.example:8200/{a}|b';

/** A store in memory that counts its reads. */
export class CountedStore implements DocumentSource {
  readonly name = 'store';
  readonly batch = 10;
  readonly values = new Map<string, string>();
  readonly view: string;
  /** The documents and pages that were asked for. */
  readonly asked: string[];
  isDown = false;
  /** What a read waits for before it looks at the values. */
  ready: () => Promise<unknown> = async () => {};

  constructor(view = '', asked: string[] = []) {
    this.view = view;
    this.asked = asked;
  }

  identity() {
    return { store, view: this.view };
  }

  locate(key: string) {
    return [{ key, document: key, field: '' }];
  }

  async read(documents: readonly string[]): Promise<ReadonlyMap<string, Outcome>> {
    this.asked.push(...documents);
    await this.ready();
    this.#fail();
    return new Map(documents.map((document) => [document, this.#outcome(document)]));
  }

  async page(): Promise<Page> {
    this.asked.push('page');
    await this.ready();
    this.#fail();
    const found = [...this.values.keys()].map((key) => ({ place: { key, document: key, field: '' } }));
    return { found, next: [] };
  }

  async write(document: string, value: unknown, _options: unknown, _call: Call): Promise<undefined> {
    if (value === undefined) this.values.delete(document);
    else this.values.set(document, String(value));
  }

  classify(error: unknown): ConfigError {
    return error as ConfigError;
  }

  #outcome(document: string): Outcome {
    const value = this.values.get(document);
    return value === undefined ? 'absent' : { value, secret: true, text: true };
  }

  #fail(): void {
    if (this.isDown) throw new ConfigError('unavailable', 'store: it is down');
  }
}

/** What the check of a sentence works with. */
export interface LevelContext {
  readonly store: CountedStore;
  /** Another connection to the level. */
  connect(): Promise<SecondLevel>;
  /** Shelters over the store, each with a connection of its own. */
  shelters(many: number, options?: CacheOptions, over?: CountedStore): Promise<WritableShelteredProvider[]>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** Waits for a promise, by the clock of the level. */
  settled<T>(promise: PromiseLike<T>): Promise<T>;
  /** Rejects when a promise does not settle in real time. */
  inTime<T>(promise: PromiseLike<T>): Promise<T>;
  /** Retries `holds` until it succeeds, because messages and results travel. */
  soon(holds: () => unknown): Promise<void>;
  close(): Promise<void>;
}

export const named = (name: string, more: Partial<SharedName> = {}): SharedName => ({
  store,
  view: '',
  kind: 'document',
  name,
  ...more,
});

/** Asks for one name. */
export async function askOne(
  level: SecondLevel,
  name: AskedName,
  options: Partial<AskOptions> = {},
): Promise<HeldContent | NotHeld> {
  const answers = await level.ask([name], { maxAgeMs: 60_000, lockMs: 1_000, ...options });
  assert.equal(answers.length, 1, 'ask returned no answer for the name');
  return answers[0] as HeldContent | NotHeld;
}

/** Asks for a name that is not held. */
export async function ticketFor(
  level: SecondLevel,
  name: AskedName,
  options: Partial<AskOptions> = {},
): Promise<NotHeld> {
  const answer = await askOne(level, name, { maxAgeMs: 0, ...options });
  assert.equal(answer.content, undefined, 'ask returned a content with maxAgeMs 0');
  assert.ok(Number.isSafeInteger(answer.ticket) && answer.ticket > 0, `${answer.ticket} is not a ticket`);
  return answer as NotHeld;
}

export const contentOf = (
  name: SharedName,
  ticket: number,
  text: string,
  more: Partial<KeptContent> = {},
): KeptContent => ({
  ...name,
  ticket,
  content: new TextEncoder().encode(text),
  lifeMs: 60_000,
  revision: text,
  ...more,
});

/** Asks for a ticket and keeps a content with it. */
export async function keepOne(
  level: SecondLevel,
  name: SharedName,
  text: string,
  more = {},
): Promise<number> {
  const { ticket } = await ticketFor(level, name);
  assert.deepEqual(
    await level.keep([contentOf(name, ticket, text, more)]),
    [true],
    'the content is not kept',
  );
  return ticket;
}

/** The text that is held, if any. */
export async function heldText(level: SecondLevel, name: SharedName): Promise<string | undefined> {
  const { content } = await askOne(level, name, { lockMs: 0 });
  return content && new TextDecoder().decode(content);
}

export function levelContext(subject: SecondLevelSubject, patienceMs: number): LevelContext {
  const { clock } = subject;
  const store = new CountedStore();
  const providers: WritableShelteredProvider[] = [];
  const pass = (ms: number): Promise<void> =>
    clock ? clock.advance(ms) : new Promise((done) => void setTimeout(done, ms));

  const inTime = async <T>(promise: PromiseLike<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new assert.AssertionError({ message: `no result within ${patienceMs} ms` });
      timer = setTimeout(() => reject(error), patienceMs);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };
  const settled = <T>(promise: PromiseLike<T>): Promise<T> =>
    inTime(clock ? clock.until(promise, 10) : promise);

  return {
    store,
    pass,
    settled,
    inTime,
    connect: async () => subject.connect(),
    async shelters(many, cache, over = store) {
      const { sheltered } = await import('../../shelter/abilities.ts');
      const made: WritableShelteredProvider[] = [];
      for (let i = 0; i < many; i++)
        made.push(
          sheltered(over as CountedStore & Required<Pick<DocumentSource, 'write'>>, {
            clock: clock ?? systemClock,
            second: await subject.connect(),
            cache: { ttlMs, absentTtlMs, jitter: 0, ...cache },
            resilience: { attempts: 1, breaker: false },
          }),
        );
      providers.push(...made);
      // the first read of a process imports what no clock counts
      for (const one of made) await settled(one.get(`warm${providers.indexOf(one)}`));
      over.asked.length = 0;
      return made;
    },
    async soon(holds) {
      for (let waitedMs = 0; ; waitedMs += 10) {
        await pass(10);
        await new Promise((done) => void setTimeout(done, 1));
        try {
          await holds();
          return;
        } catch (error) {
          if (waitedMs >= 300) throw error;
        }
      }
    },
    async close() {
      for (const one of providers) await one.close();
    },
  };
}
