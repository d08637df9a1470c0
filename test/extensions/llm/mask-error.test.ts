// What callers get of the errors of clients, wherever a client keeps its request and its key in them.

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { maskError } from '../../../src/extensions/llm/endpoints/mask-error.ts';
import { loaded, two } from './loaded.ts';

const key = 'fake-Zq83-key/+=';
const authorization = `Bearer ${key}`;
const url = `https://eu.example.com/v1?key=${encodeURIComponent(key)}`;
const isShown = (text: string): boolean => text.includes(key) || text.includes(encodeURIComponent(key));
const deep = (levels: number): object =>
  Array.from({ length: levels }).reduce<object>((at) => ({ at }), { key });
const chained = (causes: number): Error =>
  Array.from({ length: causes }).reduce<Error>((cause) => new Error('no', { cause }), new Error(key));
/** Without the field that must not be read. */
const fieldsToo = (name: string, value: unknown): unknown => (name === 'first' ? undefined : value);
const hostile = new Proxy({}, { ownKeys: () => expect.fail('never read') });
class Sealed {
  readonly options = { key };
  readonly #secret = key;

  get secret(): string {
    return this.#secret;
  }
}
class Printed {
  readonly #secret = key;

  toJSON(): object {
    return { [this.#secret]: { inner: this.#secret } };
  }
}

describe('an error of a client', () => {
  it.for<[string, object]>([
    ['its headers', { headers: new Headers({ authorization }) }],
    ['its request', { request: new Request(url, { headers: { authorization } }) }],
    ['an answer', { response: new Response('', { headers: { echo: key } }) }],
    ['an address', { url: new URL(url), params: new URLSearchParams({ key }) }],
    ['a map and a set', { map: new Map([['a', { key }]]), set: new Set([authorization]) }],
    ['frozen options', { config: Object.freeze({ headers: Object.freeze({ authorization }) }) }],
    ['a function', { make: Object.assign(() => key, { key }) }],
    ['ten levels', { config: deep(10) }],
    ['twenty-five levels', { config: deep(25) }],
    ['a chain of causes', { cause: chained(25) }],
    ['a thousand items', { list: Array.from({ length: 3_000 }, () => ({ key })) }],
    ['an item behind three thousand', { list: [...Array.from({ length: 3_000 }, () => ({})), { key }] }],
    ['an item behind one that throws', { first: hostile, second: { key } }],
    ['an error of its own', { errors: [Object.assign(new Error(key), { key })], cause: new Error(key) }],
    ['a class', { client: new Sealed() }],
    ['names', { [key]: 1, byKey: { [authorization]: { used: 1 } }, map: new Map([[key, 1]]) }],
    ['what it says in JSON', { toJSON: () => ({ message: key }) }],
    ['what a class says in JSON', { client: new Printed(), list: [new Printed()] }],
  ])('shows no key in %s', ([, fields], { expect }) => {
    const error = Object.assign(new TypeError(`refused: ${key}`), fields);
    Error.captureStackTrace(error);
    expect(maskError(error, [key])).toBe(error);
    expect(isShown(inspect(error, { depth: 30, showHidden: true, maxArrayLength: null }))).toBe(false);
    const json = JSON.stringify({ ...error, first: undefined }) + JSON.stringify(error, fieldsToo);
    expect(isShown(`${json}${error.message}${error.stack}`)).toBe(false);
  });

  it('shows no key in a frozen one, or in a value that is thrown', () => {
    const frozen = maskError(Object.freeze(Object.assign(new TypeError('no'), { key })), [key]);
    expect(frozen).toBeInstanceOf(TypeError);
    for (const thrown of [frozen, maskError({ key }, [key]), maskError([key], [key]), maskError(key, [key])])
      expect(isShown(inspect(thrown, { depth: 9, showHidden: true }))).toBe(false);
  });

  it('keeps what shows no key, and what goes in circles', () => {
    const headers = new Headers({ 'retry-after': '1' });
    const circle: Record<string, unknown> = { key };
    circle.again = circle;
    const error = Object.assign(new Error('refused'), { headers, circle, list: [circle] });
    expect(maskError(error, [key])).toMatchObject({ headers, circle: { key: '[redacted]' } });
    expect(error.headers).toBe(headers);
    expect(error.circle.again).toBe(error.circle);
    expect(error.list[0]).toBe(error.circle);
  });

  it('does not take the key away from the client', async () => {
    const client = { apiKey: 'fake-Zq83-first', headers: { authorization: 'Bearer fake-Zq83-first' } };
    await using it = await loaded(two);
    const failed = it.ai
      .task('chat')
      .run(() => Promise.reject(Object.assign(new Error('refused'), { client })));
    const error = (await failed.catch((one: unknown) => one)) as { client: typeof client };
    expect(error.client).toEqual({ apiKey: '[redacted]', headers: { authorization: 'Bearer [redacted]' } });
    expect(client).toEqual({
      apiKey: 'fake-Zq83-first',
      headers: { authorization: 'Bearer fake-Zq83-first' },
    });
  });
});
