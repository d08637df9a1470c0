import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../src/chain/chain.ts';
import { optional } from '../src/decorators/tolerance.ts';
import { ConfigError, type ErrorCode, errorCodes } from '../src/errors.ts';
import { type ConfigEvent, type Logger, logTo } from '../src/events.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import { code, sheltering } from './support/sheltering.ts';

const event = (type: ConfigEvent['type'], more: object = {}): ConfigEvent =>
  ({ id: 'e-1', time: 0, provider: 'vault', layer: 'shelter', outcome: 'ok', type, ...more }) as ConfigEvent;

function recording(more: object = {}) {
  const lines: [string, ...unknown[]][] = [];
  const write =
    (level: string) =>
    (...parts: unknown[]) =>
      void lines.push([level, ...parts]);
  return {
    lines,
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      ...more,
    } as Logger,
  };
}

describe('logTo', () => {
  it('logTo writes in the argument order of pino, winston and console', () => {
    const line = {
      event: 'retry',
      eventId: 'e-1',
      at: '1970-01-01T00:00:00.000Z',
      provider: 'vault',
      layer: 'shelter',
      outcome: 'timeout',
    };
    const retry = event('retry', { outcome: 'timeout', key: 'db.host', attempt: 2 });
    const full = { ...line, key: 'db.host', attempt: 2 };
    const text = 'vault: retry db.host (timeout)';
    const [likePino, likeWinston, likeConsole] = [
      recording({ child() {} }),
      recording({ child() {}, transports: [] }),
      recording(),
    ];
    for (const { logger } of [likePino, likeWinston, likeConsole]) logTo(logger)(retry);
    expect(likePino.lines).toEqual([['warn', full, text]]);
    expect(likeWinston.lines).toEqual([['warn', text, full]]);
    expect(likeConsole.lines.map(([level, json]) => [level, JSON.parse(json as string)])).toEqual([
      ['warn', { level: 'warn', message: text, ...full }],
    ]);
  });

  it('logTo has a level for each type, which options change or turn off', () => {
    const { logger, lines } = recording();
    const log = logTo(logger, { levels: { read: false, changed: 'error' } });
    for (const one of [
      event('read'),
      event('request'),
      event('changed'),
      event('notice', { message: 'three names are not keys' }),
      event('stale'),
      event('breaker', { state: 'open' }),
      event('breaker', { state: 'closed' }),
      event('of a later module' as never),
    ])
      log(one);
    expect(lines.map(([level, json]) => `${level} ${JSON.parse(json as string).message}`)).toEqual([
      'debug vault: request',
      'error vault: changed',
      'info three names are not keys',
      'warn vault: stale',
      'error vault: breaker',
      'info vault: breaker',
      'info vault: of a later module',
    ]);
  });

  it('logTo accepts the console', () => {
    expect(() => logTo(console, { levels: { read: false } })(event('read'))).not.toThrow();
  });
});

describe('events', () => {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  const secret = fc.uuid().map((id) => `hunter2-${id}`);
  const act = fc.record({
    operation: fc.constantFrom('get', 'getMany', 'list', 'set', 'delete', 'refresh', 'version', 'tree'),
    fails: fc.option(fc.constantFrom(...codes, 'foreign'), { nil: undefined }),
  });

  it('events, log lines and errors never contain a value', async () => {
    await fc.assert(
      fc.asyncProperty(secret, fc.array(act, { minLength: 1, maxLength: 8 }), async (hidden, acts) => {
        const printed: string[] = [];
        const log = logTo(pino({ level: 'trace' }, { write: (line: string) => void printed.push(line) }));
        const { provider, source, clock } = sheltering(
          { token: hidden, db: JSON.stringify({ password: hidden, deep: { x: hidden } }) },
          {
            resilience: { attempts: 2, backoff: { initialMs: 1, maxMs: 1 } },
            cache: { staleIfErrorMs: 60_000, ttlMs: 10 },
          },
        );
        const chain = new ProviderChain([optional(provider), new MemoryProvider({ db: { host: 'h' } })]);
        chain.on((emitted) => {
          printed.push(JSON.stringify(emitted));
          log(emitted);
        });
        source.classify = () => new ConfigError('unavailable', 'the client failed');
        for (const { operation, fails } of acts) {
          source.befall = () => {
            if (fails === 'foreign') throw Object.assign(new Error(hidden), { config: { data: hidden } });
            if (fails) throw new ConfigError(fails, 'the store failed');
          };
          const work = {
            get: () => chain.get('db.password'),
            getMany: () => chain.getMany(['token', 'db', 'db.password']),
            list: () => chain.list(),
            set: () => provider.set('db.password', `${hidden}-2`),
            delete: () => provider.delete('db.deep.x'),
            refresh: () => chain.refresh(),
            version: () => provider.get('token', { version: '1' }),
            tree: () => chain.tree('db'),
          }[operation];
          const outcome = work().then(
            () => {},
            (error: ConfigError) =>
              void printed.push(JSON.stringify(error), String(error.stack), String(error.cause)),
          );
          await clock.advance(50);
          await outcome;
        }
        expect(printed.join('\n')).not.toContain('hunter2');
        expect(await code(chain.close())).toBe('answered');
      }),
      { numRuns: 60 },
    );
  });
});
