import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SecretRuns } from '../../src/report/secret-runs.ts';

const holds = (text: string, ...secrets: unknown[]): boolean => new SecretRuns(secrets).holds(text);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const reversed = (text: string): string => [...text].reverse().join('');

describe('SecretRuns', () => {
  const secret = 'Hunter2-Canary/ü';
  it.each([
    ['the secret', secret],
    ['eight of its letters', 'before er2-canar after'],
    ['the secret in other case and with other signs', 'HUNTER2 canary'],
    ['the secret in pieces', 'h u n t e r 2 - c'],
    ['the secret in reverse', reversed(secret)],
    ['the percent-encoded secret', encodeURIComponent(secret)],
    ['hex', `0x${Buffer.from(secret).toString('hex').toUpperCase()}`],
    ['base64', base64(secret)],
    ['base64url', Buffer.from(secret).toString('base64url')],
    ['base64 behind one byte', `Basic ${base64(`:${secret}`)}`],
    ['base64 behind two bytes', `Basic ${base64(`u:${secret}xyz`)}`],
    ['base64 behind three bytes', base64(`ab:${secret}x`)],
    ['base64 in reverse', reversed(base64(`u:${secret}`))],
  ])('finds %s', (_, text) => expect(holds(text, secret)).toBe(true));

  it('does not find seven letters of a longer secret', () => {
    expect(holds('hunter2', secret)).toBe(false);
    expect(holds('an unrelated sentence of words', secret)).toBe(false);
  });

  it('finds a secret of four to seven letters only as a whole', () => {
    expect(holds('the-PASS-w', 'pass-w')).toBe(true);
    expect(holds('passport', 'pass-w')).toBe(false);
    expect(holds(`Basic ${base64('u:pass-w')}`, 'pass-w')).toBe(true);
    expect(holds(Buffer.from('pass-w').toString('hex'), 'pass-w')).toBe(true);
  });

  it('compares a shorter secret with the whole text', () => {
    expect(holds('2030-01-01', '1')).toBe(false);
    expect(holds('1', '1')).toBe(true);
    expect(holds('PW!', 'pw')).toBe(true);
    expect(holds('', '!!')).toBe(false);
    expect(holds('!!', '!!')).toBe(true);
    expect(holds('is !!!!@@@@####', '!!!!@@@@####')).toBe(true);
  });

  it('takes of a URL only what is secret in it', () => {
    const url = 'postgres://longuser:fake%2Fhunter2@db.example.com/orders';
    expect(holds('db.example.com/orders', url)).toBe(false);
    expect(holds('longuser', url)).toBe(true);
    expect(holds('fake/hunter2', url)).toBe(true);
    expect(holds('fake%2Fhunter2', url)).toBe(true);
    expect(holds('hooks.example.com', 'https://hooks.example.com/services/T0/fakehook')).toBe(false);
    expect(holds('services/T0/fakehook', 'https://hooks.example.com/services/T0/fakehook')).toBe(true);
    expect(new SecretRuns([url], { urls: 'whole' }).holds('db.example.com')).toBe(true);
  });

  it('takes lists, sections and numbers, and no booleans or absent values', () => {
    expect(holds('inner-secret', { deep: ['inner-secret'] })).toBe(true);
    expect(holds('is 12345678', 12345678)).toBe(true);
    expect(holds('is 12345678901234567890', 12345678901234567890n)).toBe(true);
    for (const nothing of [undefined, null, true, '', {}, []])
      expect(holds('true null', nothing)).toBe(false);
  });

  it('finds a secret in every text once there are too many of them', () => {
    const many = Array.from({ length: 1_001 }, (_, at) => `${at}-`.padEnd(256, 'x'));
    expect(holds('anything', ...many.slice(0, 1_000))).toBe(false);
    expect(holds('anything', ...many)).toBe(true);
    expect(holds('anything', 'x'.repeat(300_000))).toBe(true);
  });

  it('compares 3,000 texts with 3,000 secrets in linear time', () => {
    const secrets = Array.from({ length: 3_000 }, (_, at) => `fake-${base64(`${at * 7919}-${at}`)}`);
    const started = performance.now();
    const runs = new SecretRuns(secrets);
    for (let at = 0; at < 3_000; at++) runs.holds(`the value ${at} is not one of the accepted values`);
    expect(performance.now() - started).toBeLessThan(5_000); // 300 ms on an idle machine
  });

  it('agrees with a plain comparison of every run of every form', () => {
    const text = fc.array(fc.constantFrom(...'aAbB19-/é '), { maxLength: 12 }).map((all) => all.join(''));
    const made = fc
      .tuple(text, text, text, fc.constantFrom('plain', 'reversed', 'hex', 'base64', 'cut'))
      .map(([before, secret, after, form]) => ({ secret, text: before + formOf(secret, form) + after }));
    fc.assert(
      fc.property(fc.array(made, { minLength: 1, maxLength: 3 }), ([first, ...others]) => {
        const { secret, text } = first as { secret: string; text: string };
        const secrets = [secret, ...others.map((one) => one.secret)];
        for (const shown of [text, ...others.map((one) => one.text)])
          expect(holds(shown, ...secrets)).toBe(secrets.some((one) => naive(shown, one)));
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 500) },
    );
  });
});

function formOf(secret: string, form: string): string {
  if (form === 'reversed') return reversed(secret);
  if (form === 'hex') return Buffer.from(secret).toString('hex');
  if (form === 'base64') return base64(`x${secret}`);
  return form === 'cut' ? secret.slice(1) : secret;
}

/** The definition, form by form and run by run. */
function naive(text: string, secret: string): boolean {
  const letters = (one: string): string => one.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const { length } = letters(secret);
  const bits = [...Buffer.from(secret)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const aligned = [0, 4, 2].map((skipped) =>
    (bits.slice(skipped).match(/.{6}/g) ?? []).map((six) => alphabet[Number.parseInt(six, 2)]).join(''),
  );
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('hex'),
    ...aligned,
  ].map(letters);
  return (
    [letters(text), reversed(letters(text))].some((shown) =>
      forms.some((form) => {
        if (form === '') return false;
        if (length < 4) return shown === form;
        if (length < 8 || form.length < 8) return form.length >= 4 && shown.includes(form);
        return Array.from({ length: form.length - 7 }, (_, at) => form.slice(at, at + 8)).some((run) =>
          shown.includes(run),
        );
      }),
    ) ||
    (secret !== '' && length < 4 && (secret.length >= 8 ? text.includes(secret) : text === secret))
  );
}
