import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskStream, SecretBytes } from '../../src/cli/run/mask-stream.ts';
import { secretTexts } from '../../src/cli/run/secret-texts.ts';

const fake = 'fake-Zq83-not-real';

async function masked(secrets: readonly string[], chunks: readonly (string | Buffer)[]): Promise<string> {
  const bytes = new SecretBytes(secrets.map((secret) => Buffer.from(secret)));
  const parts = await Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
    .pipe(maskStream(bytes))
    .toArray();
  return Buffer.concat(parts).toString();
}

/** Masks each byte of each place of a secret, and joins those that overlap. */
function expected(secrets: readonly string[], text: string): string {
  const places = secrets.flatMap((secret) =>
    [...text].flatMap((_, i) => (text.startsWith(secret, i) ? [[i, i + secret.length] as const] : [])),
  );
  let shown = '';
  for (let i = 0; i < text.length; ) {
    let end = i;
    for (let grown = true; grown; ) {
      grown = false;
      for (const [from, to] of places)
        if ((from === i || (from > i && from < end)) && to > end) [end, grown] = [to, true];
    }
    shown += end > i ? '[redacted]' : text[i];
    i = Math.max(end, i + 1);
  }
  return shown;
}

describe('maskStream', () => {
  it('replaces secrets wherever chunks end, and joins those that overlap', async () => {
    const letters = fc.constantFrom(...'aab');
    const word = fc.string({ unit: letters, minLength: 1, maxLength: 5 });
    const runs = Number(process.env.PROPERTY_RUNS ?? 300);
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.array(fc.string({ unit: fc.constantFrom(...'aabc'), maxLength: 9 }), { maxLength: 6 }),
        async (secrets, chunks) => {
          expect(await masked(secrets, chunks)).toBe(expected(secrets, chunks.join('')));
        },
      ),
      { numRuns: runs },
    );
  });

  it('passes on what cannot be part of a secret at once', async () => {
    const stream = maskStream(new SecretBytes([Buffer.from(fake)]));
    const seen: string[] = [];
    stream.on('data', (chunk) => seen.push(`${chunk}`));
    const write = (text: string) => new Promise<void>((on) => stream.write(text, () => setImmediate(on)));
    await write('Password: ');
    await write(`token ${fake}`);
    await write(`and ${fake.slice(0, 6)}`);
    expect(seen.join('|')).toBe('Password: |token |[redacted]|and ');
    await write('-other');
    expect(seen.join('')).toMatch(/and fake-Z-other$/);
  });

  it('cuts no character of several bytes, and changes nothing without secrets', async () => {
    const text = Buffer.from('żółć 🦊 ¤');
    const single = [...text].map((byte) => Buffer.from([byte]));
    expect(await masked(['ółć'], single)).toBe('ż[redacted] 🦊 ¤');
    expect(await masked([], single)).toBe('żółć 🦊 ¤');
  });
});

describe('secretTexts', () => {
  const formsIn = (value: string) => secretTexts([{ key: 'k', value }]).texts.map((text) => text.toString());

  it('finds a secret in JSON, in a URL and inside base64 at any position', async () => {
    const secret = 'fa"ke Zq83/not+real';
    const forms = formsIn(secret);
    for (const before of ['', 'u', 'us', 'user:'])
      for (const kind of ['base64', 'base64url'] as const) {
        const text = Buffer.from(`${before}${secret}!`).toString(kind);
        expect(await masked(forms, [text])).toContain('[redacted]');
      }
    for (const text of [
      secret,
      JSON.stringify({ secret }),
      JSON.stringify({ secret }).replaceAll('/', '\\/'),
      `https://x.example/?t=${encodeURIComponent(secret)}`,
      `https://x.example/?t=${encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())}`,
      `${new URLSearchParams({ secret })}`,
    ])
      expect(await masked(forms, [text])).toMatch(/\[redacted\]/);
    expect(await masked(formsIn('fake-żółw'), ['"fake-\\u017c\\u00f3\\u0142w"'])).toBe('"[redacted]"');
    expect(await masked(formsIn('fake-Z\n'), ['-u fake-Z:'])).toBe('-u [redacted]:');
  });

  it('finds the password of a URL, and each line of a long text', async () => {
    const forms = formsIn('postgres://app:fake%2FZq83@db.internal/x');
    expect(await masked(forms, ['fake%2FZq83 fake/Zq83'])).toBe('[redacted] [redacted]');
    const pem = formsIn('-----BEGIN FAKE-----\nfakeZq83notreal\nabc\n-----END FAKE-----\n');
    expect(await masked(pem, ['  fakeZq83notreal\n  abc\n'])).toBe('  [redacted]\n  abc\n');
  });

  it('names secrets that are too short, and takes those inside lists', () => {
    const { texts, short } = secretTexts([
      { key: 'pin', value: 123 },
      { key: 'empty', value: '' },
      { key: 'on', value: true },
      { key: 'list', value: ['fakeZq83', { more: 12345 }] },
    ]);
    expect(short).toEqual(['pin']);
    expect(texts.map(String)).toEqual(expect.arrayContaining(['fakeZq83', '12345']));
  });
});
