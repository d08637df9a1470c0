import type {
  AskOptions,
  HeldContent,
  Invalidated,
  KeptContent,
  NotHeld,
  SecondLevel,
} from '../../../src/shelter/index.ts';
import { type ManualClock, MemorySecondLevel } from '../../../src/testing/index.ts';

/** A second level with one fault, and the sentence that must find it. */
export interface BrokenLevel {
  readonly fault: string;
  readonly caughtBy: string;
  /** Makes connections to a fresh level. */
  readonly make: (clock: ManualClock) => () => SecondLevel;
}

type Change = (honest: MemorySecondLevel, clock: ManualClock) => Partial<SecondLevel>;
type Answer = HeldContent | NotHeld;

const over = (honest: SecondLevel, change: Partial<SecondLevel>): SecondLevel => ({
  ask: (...given) => honest.ask(...given),
  keep: (...given) => honest.keep(...given),
  failed: (...given) => honest.failed(...given),
  invalidate: (...given) => honest.invalidate(...given),
  watch: (...given) => honest.watch(...given),
  ...change,
});

/** Changes operations of an honest level that all connections share. */
const changed =
  (change: Change): BrokenLevel['make'] =>
  (clock) => {
    const honest = new MemorySecondLevel({ clock });
    const level = over(honest, change(honest, clock));
    return () => level;
  };

/** Changes what is asked. */
const asks = (change: (name: Parameters<SecondLevel['ask']>[0][number], options: AskOptions) => object) =>
  changed((honest) => ({
    ask: (names, options) => {
      const first = change(names[0]!, options);
      return honest.ask(
        names.map((name) => ({ ...name, ...change(name, options) })),
        { ...options, ...('options' in first ? (first.options as object) : {}) },
      );
    },
  }));

/** Changes the answers of ask. */
const answers = (change: (answer: Answer, i: number, all: readonly Answer[]) => Answer) =>
  changed((honest) => ({ ask: async (...given) => (await honest.ask(...given)).map(change) }));

/** Changes what is kept. */
const keeps = (change: (content: KeptContent) => KeptContent) =>
  changed((honest) => ({ keep: (contents) => honest.keep(contents.map(change)) }));

/** Changes the messages. */
const tells = (change: (names: readonly Invalidated[]) => readonly Invalidated[] | undefined) =>
  changed((honest) => ({
    watch: (on) => honest.watch((names) => void (names && on(change(names)))),
  }));

/** Changes names everywhere. */
const names = (change: <T extends object>(name: T) => T) =>
  changed((honest) => ({
    ask: (asked, options) => honest.ask(asked.map(change), options),
    keep: (contents) => honest.keep(contents.map(change)),
    failed: (failed) => honest.failed(failed.map(change)),
    invalidate: (invalid) => honest.invalidate(invalid.map(change)),
  }));

const isHeld = (answer: Answer): answer is HeldContent => answer.content !== undefined;

export const levels: readonly BrokenLevel[] = [
  {
    fault: 'keeps nothing',
    caughtBy: 'ask returns what another connection kept, byte for byte, with its ticket',
    make: changed((honest) => ({
      keep: async (contents) => {
        await honest.failed(contents);
        return contents.map(() => true);
      },
    })),
  },
  {
    fault: 'shares nothing between connections',
    caughtBy: 'many shelters make one request for a cold document',
    make: (clock) => () => new MemorySecondLevel({ clock }),
  },
  {
    fault: 'keeps contents as text',
    caughtBy: 'ask returns what another connection kept, byte for byte, with its ticket',
    make: keeps((content) => ({
      ...content,
      content: new TextEncoder().encode(new TextDecoder().decode(content.content)),
    })),
  },
  {
    fault: 'answers only the first name',
    caughtBy: 'ask answers several names in their order, with a growing ticket each',
    make: changed((honest) => ({ ask: (asked, options) => honest.ask(asked.slice(0, 1), options) })),
  },
  {
    fault: 'answers in another order',
    caughtBy: 'ask answers several names in their order, with a growing ticket each',
    make: changed((honest) => ({ ask: async (...given) => [...(await honest.ask(...given))].reverse() })),
  },
  {
    fault: 'gives out one ticket for a batch',
    caughtBy: 'ask answers several names in their order, with a growing ticket each',
    make: answers((answer, _, all) => (isHeld(answer) ? answer : { ...answer, ticket: all.at(-1)!.ticket })),
  },
  {
    fault: 'mixes views',
    caughtBy: 'names that differ in store, view, kind or name do not mix',
    make: names((name) => ({ ...name, view: '' })),
  },
  {
    fault: 'joins names without a separator',
    caughtBy: 'names that differ in store, view, kind or name do not mix',
    make: names((name) => {
      const { view = '', name: of } = name as { view?: string; name: string };
      return { ...name, view: '', name: `${of}${view && `:${view}`}` };
    }),
  },
  {
    fault: 'returns contents with maxAgeMs 0',
    caughtBy: 'a fresh read asks the store, and its result is for all',
    make: asks((_, { maxAgeMs }) => ({ options: { maxAgeMs: maxAgeMs || 1e9 } })),
  },
  {
    fault: 'ignores maxAgeMs',
    caughtBy: 'ask returns no content with maxAgeMs 0, nor one that is older than maxAgeMs',
    make: asks((_, { maxAgeMs }) => ({ options: { maxAgeMs: maxAgeMs && 1e9 } })),
  },
  {
    fault: 'ignores what was seen',
    caughtBy: 'ask returns only a content that is later than the one seen',
    make: asks(() => ({ seen: undefined })),
  },
  {
    fault: 'keeps contents for ever',
    caughtBy: 'a content is gone after its life',
    make: keeps((content) => ({ ...content, lifeMs: 1e9 })),
  },
  {
    fault: 'drops contents when they are a second old',
    caughtBy: 'an expired content serves an outage for staleIfErrorMs, and then no more',
    make: keeps((content) => ({ ...content, lifeMs: Math.min(content.lifeMs, 1_000) })),
  },
  {
    fault: 'gives the lock to all',
    caughtBy: 'ask gives the lock to one reader, and lets the others wait for as long as it lasts',
    make: answers((answer) => (isHeld(answer) ? answer : { ...answer, mine: true, waitMs: 0 })),
  },
  {
    fault: 'gives the lock to none, and lets none wait',
    caughtBy: 'many shelters make one request for a cold document',
    make: answers((answer) => (isHeld(answer) ? answer : { ...answer, mine: false, waitMs: 0 })),
  },
  {
    fault: 'takes a lock for a reader that wants none',
    caughtBy: 'ask gives no lock to a reader that wants none, and does not let it wait',
    make: asks((_, { lockMs }) => ({ options: { lockMs: lockMs || 1_000 } })),
  },
  {
    fault: 'never ends a lock',
    caughtBy: 'a lock ends after lockMs, and then goes to one reader',
    make: asks((_, { lockMs }) => ({ options: { lockMs: lockMs && 1e9 } })),
  },
  {
    fault: 'frees the lock of any reader',
    caughtBy: 'a lock ends after lockMs, and then goes to one reader',
    make: changed((honest) => {
      const locks = new Map<string, number>();
      return {
        ask: async (asked, options) => {
          const all = await honest.ask(asked, options);
          for (const [i, answer] of all.entries())
            if (!isHeld(answer) && answer.mine) locks.set(asked[i]!.name, answer.ticket);
          return all;
        },
        failed: (failed) =>
          honest.failed(failed.map((name) => ({ ...name, ticket: locks.get(name.name) ?? name.ticket }))),
      };
    }),
  },
  {
    fault: 'does not free the lock when a content is kept',
    caughtBy: 'keep frees the lock of its ticket, and no other',
    make: changed((honest, clock) => {
      const until = new Map<string, number>();
      return {
        ask: async (asked, options) =>
          (await honest.ask(asked, options)).map((answer, i) => {
            const key = JSON.stringify([asked[i]!.name, asked[i]!.view, asked[i]!.kind]);
            const end = until.get(key) ?? 0;
            if (isHeld(answer) || !answer.mine) return answer;
            if (clock.now() < end) return { ...answer, mine: false, waitMs: end - clock.now() };
            until.set(key, clock.now() + options.lockMs);
            return answer;
          }),
      };
    }),
  },
  {
    fault: 'does not free the lock after a failure',
    caughtBy: 'failed frees the lock, and those who waited for it do not wait again',
    make: changed(() => ({ failed: async () => {} })),
  },
  {
    fault: 'lets those who waited for a failure wait for the next reader',
    caughtBy: 'failed frees the lock, and those who waited for it do not wait again',
    make: asks(() => ({ waiting: undefined })),
  },
  {
    fault: 'keeps whatever comes last',
    caughtBy: 'keep refuses what was asked for before the content that is kept',
    make: changed((honest) => ({
      keep: async (contents) => {
        const fresh = await honest.ask(contents, { maxAgeMs: 0, lockMs: 0 });
        await honest.failed(contents);
        return honest.keep(contents.map((content, i) => ({ ...content, ticket: fresh[i]!.ticket })));
      },
    })),
  },
  {
    fault: 'forgets the order when a content has gone',
    caughtBy: 'keep refuses the earlier content also when the later one is gone',
    make: (clock) => {
      let honest = new MemorySecondLevel({ clock });
      const level: SecondLevel = {
        ask: (...given) => honest.ask(...given),
        keep: (contents) => {
          if (honest.size > 0 || contents[0]!.revision === 'later') return honest.keep(contents);
          honest = new MemorySecondLevel({ clock });
          return honest
            .ask(contents, { maxAgeMs: 0, lockMs: 0 })
            .then((fresh) => honest.keep(contents.map((one, i) => ({ ...one, ticket: fresh[i]!.ticket }))));
        },
        failed: (...given) => honest.failed(...given),
        invalidate: (...given) => honest.invalidate(...given),
        watch: (...given) => honest.watch(...given),
      };
      return () => level;
    },
  },
  {
    fault: 'keeps contents with any ticket',
    caughtBy: 'keep refuses a ticket that was not given out',
    make: changed((honest) => ({
      keep: async (contents) => {
        const fresh = await honest.ask(contents, { maxAgeMs: 0, lockMs: 0 });
        return honest.keep(
          contents.map((one, i) => ({ ...one, ticket: Math.min(one.ticket, fresh[i]!.ticket) })),
        );
      },
    })),
  },
  {
    fault: 'does not invalidate',
    caughtBy: 'a write is seen by shelters that read afterwards, and soon by all, in every view',
    make: changed(() => ({ invalidate: async () => {} })),
  },
  {
    fault: 'invalidates one view',
    caughtBy: 'invalidate removes a content in every view, and refuses what was asked for before',
    make: names((name) => {
      const { view = '', name: of } = name as { view?: string; name: string };
      return { ...name, view: '', name: JSON.stringify(view ? [of, view] : [of]) };
    }),
  },
  {
    fault: 'keeps what was asked for before an invalidation',
    caughtBy: 'invalidate removes a content in every view, and refuses what was asked for before',
    make: changed((honest) => {
      const invalid = new Map<string, number>();
      return {
        invalidate: async (all) => {
          await honest.invalidate(all);
          const now = await honest.ask(
            all.map((name) => ({ ...name, view: 'none' })),
            { maxAgeMs: 0, lockMs: 0 },
          );
          for (const [i, { name }] of all.entries()) invalid.set(name, now[i]!.ticket);
        },
        keep: async (contents) =>
          honest.keep(
            contents.map((one) => ({ ...one, ticket: Math.max(one.ticket, invalid.get(one.name) ?? 0) })),
          ),
      };
    }),
  },
  {
    fault: 'sends no messages',
    caughtBy: 'watch reports another revision, with the ticket it was kept with',
    make: changed(() => ({ watch: () => () => {} })),
  },
  {
    fault: 'reports each content that is kept',
    caughtBy: 'watch reports nothing for an equal revision, nor for the first one',
    make: changed((honest) => {
      const watchers = new Set<Parameters<SecondLevel['watch']>[0]>();
      return {
        watch: (on) => {
          watchers.add(on);
          return () => void watchers.delete(on);
        },
        keep: async (contents) => {
          const kept = await honest.keep(contents);
          for (const on of watchers) on(contents);
          return kept;
        },
      };
    }),
  },
  {
    fault: 'reports the wrong tickets',
    caughtBy: 'watch reports an invalidation between the tickets before it and those after it',
    make: tells((all) => all.map((one) => ({ ...one, ticket: 1 }))),
  },
  {
    fault: 'reports only that something has changed',
    caughtBy: 'watch reports another revision, with the ticket it was kept with',
    make: tells(() => undefined),
  },
  {
    fault: 'ends all watches with one',
    caughtBy: 'a watcher that has ended hears nothing, and the others still do',
    make: changed((honest) => {
      let ended = false;
      return {
        watch: (on) => {
          const end = honest.watch((told) => void (ended || on(told)));
          return () => {
            ended = true;
            end();
          };
        },
      };
    }),
  },
  {
    fault: 'never answers',
    caughtBy: 'ask returns what another connection kept, byte for byte, with its ticket',
    make: changed(() => ({ ask: () => new Promise(() => {}) })),
  },
  {
    fault: 'returns the oldest content',
    caughtBy: 'keep refuses what was asked for before the content that is kept',
    make: changed((honest) => {
      const first = new Map<string, HeldContent>();
      return {
        ask: async (asked, options) =>
          (await honest.ask(asked, options)).map((answer, i) => {
            const key = JSON.stringify([asked[i]!.store, asked[i]!.view, asked[i]!.kind, asked[i]!.name]);
            if (isHeld(answer) && !first.has(key)) first.set(key, answer);
            return isHeld(answer) ? first.get(key)! : answer;
          }),
      };
    }),
  },
];
