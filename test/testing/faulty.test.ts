import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigProvider, WritableProvider } from '../../src/provider.ts';
import { faulty, manualClock } from '../../src/testing/index.ts';
import { Backend, reference } from './reference.ts';

const inner = () => reference(new Backend({ 'service.name': 'inference' }));
const ask = async (provider: ConfigProvider): Promise<unknown> =>
  provider.get('service.name').then(
    (entry) => entry?.value,
    (error: ConfigError) => error.code,
  );

describe('faulty', () => {
  it('fails calls in the order of its script, and none after its end', async () => {
    const provider = faulty(inner(), ['unavailable', 'ok', 'denied', 'throttled', 'garbage']);
    const answers: unknown[] = [];
    for (let i = 0; i < 7; i++) answers.push(await ask(provider));
    expect(answers).toEqual([
      'unavailable',
      'inference',
      'access_denied',
      'throttled',
      'parse',
      'inference',
      'inference',
    ]);
  });

  it('fails calls by number', async () => {
    const provider = faulty(inner(), { 2: 'denied', 3: 'unavailable' });
    expect([await ask(provider), await ask(provider), await ask(provider), await ask(provider)]).toEqual([
      'inference',
      'access_denied',
      'unavailable',
      'inference',
    ]);
  });

  it('fails the calls for which a function returns a fault', async () => {
    const provider = faulty(inner(), ({ method, keys }) =>
      method === 'list' || keys.includes('service.zone') ? 'denied' : undefined,
    );
    expect(await ask(provider)).toBe('inference');
    await expect(provider.get('service.zone')).rejects.toMatchObject({
      code: 'access_denied',
      key: 'service.zone',
    });
    await expect(provider.getMany(['service.name', 'service.zone'])).rejects.toMatchObject({
      code: 'access_denied',
    });
    await expect(provider.list()).rejects.toMatchObject({ code: 'access_denied', provider: 'reference' });
  });

  it('fails each method of a provider that touches its backend', async () => {
    const write = async () => true;
    const more = { update: write, edit: write, disable: write };
    const provider = faulty({ ...inner(), name: 'store', ...more }, () => 'unavailable');
    for (const name of ['update', 'edit', 'disable'] as const)
      await expect(provider[name](), name).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('records the calls with their keys', async () => {
    const provider = faulty(inner(), []);
    await provider.get('service.name');
    await provider.getMany(['a', 'b']);
    await provider.set('c', 'd');
    await provider.close();
    expect(provider.calls).toEqual([
      { number: 1, method: 'get', keys: ['service.name'] },
      { number: 2, method: 'getMany', keys: ['a', 'b'] },
      { number: 3, method: 'set', keys: ['c'] },
      { number: 4, method: 'close', keys: [] },
    ]);
  });

  it('throws a given error unchanged', async () => {
    const error = new TypeError('fetch failed');
    await expect(faulty(inner(), [error]).get('service.name')).rejects.toBe(error);
  });

  it('marks only unavailable and throttled as transient', async () => {
    const transient = await Promise.all(
      (['denied', 'unavailable', 'throttled', 'garbage'] as const).map((fault) =>
        faulty(inner(), [fault])
          .get('service.name')
          .then(
            () => undefined,
            (error: ConfigError) => error.transient,
          ),
      ),
    );
    expect(transient).toEqual([false, true, true, false]);
  });

  it('delays a slow call by the given clock', async () => {
    const clock = manualClock();
    const provider = faulty(inner(), ['slow', { slowMs: 200 }], { clock });
    for (const ms of [1_000, 200]) {
      let answer: unknown;
      void ask(provider).then((value) => (answer = value));
      await clock.advance(ms - 1);
      expect(answer).toBeUndefined();
      await clock.advance(1);
      expect(answer).toBe('inference');
    }
  });

  it('hangs until the caller aborts', async () => {
    const caller = new AbortController();
    const answer = faulty(inner(), ['hang']).get('service.name', { signal: caller.signal });
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'aborted' });
    const late = faulty(inner(), ['hang']).list('', { signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ code: 'aborted' });
  });

  it('does not make a slow call after its caller aborts', async () => {
    const clock = manualClock();
    const backend = new Backend({});
    const caller = new AbortController();
    const answer = faulty(reference(backend), ['slow'], { clock }).get('service.name', {
      signal: caller.signal,
    });
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'aborted' });
    await clock.advance(10_000);
    expect(backend.requests).toBe(0);
  });

  it('has exactly the methods of its provider', () => {
    const whole = inner();
    const { name, get, list } = whole;
    const bare: ConfigProvider = faulty({ name, get, list } as ConfigProvider, []);
    expect(bare.getMany).toBeUndefined();
    expect('watch' in bare).toBe(false);
    const all = faulty(whole, []);
    for (const method of Object.keys(whole)) expect(method in all, method).toBe(true);
    expect(all.where('a.b')).toBe('reference a.b');
    expect(all.name).toBe('reference');
  });

  it('wraps a class instance and a frozen provider', async () => {
    class Mine implements ConfigProvider {
      readonly name = 'mine';
      readonly #value: string = 'private';
      get local(): boolean {
        return this.#value !== '';
      }
      async get(): Promise<undefined> {
        return this.#value ? undefined : undefined;
      }
      async list(): Promise<[]> {
        return [];
      }
      async [Symbol.asyncDispose](): Promise<void> {}
    }
    const provider = faulty(new Mine(), { 2: 'unavailable' });
    expect(provider).toBeInstanceOf(Mine);
    expect(provider.local).toBe(true);
    expect(await provider.get()).toBeUndefined();
    await expect(provider[Symbol.asyncDispose]()).rejects.toMatchObject({ code: 'unavailable' });
    const frozen: WritableProvider = faulty(Object.freeze(inner()), { 2: 'denied' });
    expect(await ask(frozen)).toBe('inference');
    await expect(frozen.delete('service.name')).rejects.toMatchObject({ code: 'access_denied' });
  });

  it('rejects the call when a function returns an unknown fault', async () => {
    await expect(faulty(inner(), () => 'bored' as never).get('service.name')).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });

  it('throws for a script with an unknown fault', () => {
    expect(() => faulty(inner(), ['denied', 'bored'] as never)).toThrow(ConfigError);
    expect(() => faulty(inner(), { 1: 'denid' } as never)).toThrow(/denied/);
    expect(() => faulty(inner(), [], { clock: {} as never })).toThrow(/clock/);
  });
});
