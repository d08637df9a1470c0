import { chmodSync, readFileSync } from 'node:fs';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { llmConfig } from './terminal.ts';

async function prepared() {
  const box = await sandbox();
  const keys: Record<string, { kid: string; public?: string }> = {};
  for (const [name, ...kind] of [['alice', '--x25519'], ['bob', '--x25519'], ['ci']] as const) {
    const { out } = await llmConfig([
      'keygen',
      ...kind,
      '--kid',
      name,
      '--out',
      box.path(`${name}.key`),
      '--json',
    ]);
    keys[name] = JSON.parse(out);
  }
  const file = box.path('secrets.yaml.jwe');
  await llmConfig(['set', file, 'a', '--key-file', box.path('alice.key')], { input: 'one' });
  const as = (name: string, ...args: string[]) => llmConfig([...args, '--key-file', box.path(`${name}.key`)]);
  const read = () => JSON.parse(readFileSync(file, 'utf8')) as { ciphertext: string };
  return { box, file, keys, as, read };
}

describe('llm-config recipients', () => {
  it('recipients list prints the recipients without a key', async () => {
    const { box, file, keys } = await prepared();
    await using _ = box;
    const { code, out } = await llmConfig(['recipients', 'list', file]);
    expect([code, out]).toEqual([0, `"alice"  ECDH-ES+A256KW  ${keys.alice?.public}\n`]);
    expect(JSON.parse((await llmConfig(['recipients', 'list', file, '--json'])).out)).toEqual({
      recipients: [{ kid: 'alice', algorithm: 'ECDH-ES+A256KW', public: keys.alice?.public }],
      context: null,
    });
    expect((await llmConfig(['recipients', 'list', box.path('none')])).code).toBe(3);
  });

  it('recipients list prints no escape sequences', async () => {
    const { box, file } = await prepared();
    await using _ = box;
    const crafted = JSON.parse(readFileSync(file, 'utf8'));
    Object.assign(crafted.recipients[0].header, {
      kid: 'a\u001b[2J\u202e',
      jwk: { kty: 'OKP', crv: 'X25519', x: '\u001b[2J' },
    });
    await box.write({ crafted: JSON.stringify(crafted) });
    const { out } = await llmConfig(['recipients', 'list', box.path('crafted')]);
    expect(out).toBe('"a\\u001b[2J?"  ECDH-ES+A256KW\n');
    crafted.recipients[0].header.alg = 'A\u001b[2J';
    await box.write({ crafted: JSON.stringify(crafted) });
    expect((await llmConfig(['recipients', 'list', box.path('crafted')])).err).not.toContain('\u001b');
  });

  it('recipients add and remove do not change the ciphertext', async () => {
    const { box, file, keys, as, read } = await prepared();
    await using _ = box;
    const before = read().ciphertext;
    expect((await as('bob', 'get', file, 'a')).code).toBe(3);
    expect(
      await as(
        'alice',
        'recipients',
        'add',
        file,
        '--to',
        keys.bob?.public as string,
        '--to',
        box.path('ci.key'),
      ),
    ).toMatchObject({
      code: 0,
    });
    for (const name of ['alice', 'ci']) expect((await as(name, 'get', file, 'a')).out).toBe('one\n');
    expect(read().ciphertext).toBe(before);
    const bob = JSON.parse((await llmConfig(['recipients', 'list', file, '--json'])).out).recipients[1].kid;
    const removing = ['recipients', 'remove', '--key-file', box.path('alice.key'), file];
    const removed = await llmConfig([...removing, '--', bob]); // a name may begin with a dash
    expect(removed).toMatchObject({ code: 0, err: expect.stringContaining('rotate --content') });
    expect(read().ciphertext).toBe(before);
    expect((await as('alice', 'recipients', 'remove', file, 'bob')).err).toMatch(/no recipient "bob"/);
    expect((await as('alice', 'recipients', 'add', file)).code).toBe(2);
    expect((await as('alice', 'recipients', 'add', box.path('none'), '--to', box.path('ci.key'))).code).toBe(
      3,
    );
  });

  it('recipients lists its subcommands when one is missing or unknown', async () => {
    expect((await llmConfig(['recipients'])).err).toMatch(/needs one of list, add, remove/);
    expect((await llmConfig(['recipients', 'ad'])).err).toMatch(
      /unknown subcommand of llm-config recipients; expected one of list, add, remove/,
    );
  });
});

describe('llm-config recipients rotate', () => {
  it('rotate --to replaces the own key', async () => {
    const { box, file, as, read } = await prepared();
    await using _ = box;
    const before = read().ciphertext;
    const { code, out } = await as(
      'alice',
      'recipients',
      'rotate',
      file,
      '--to',
      box.path('ci.key'),
      '--json',
    );
    expect([code, JSON.parse(out)]).toEqual([0, { added: ['ci'], removed: ['alice'], content: false }]);
    expect((await as('ci', 'get', file, 'a')).out).toBe('one\n');
    expect((await as('alice', 'get', file, 'a')).code).toBe(3);
    expect(read().ciphertext).toBe(before);
  });

  it('recipients rotate --content makes a new content key for the same recipients', async () => {
    const { box, file, keys, as, read } = await prepared();
    await using _ = box;
    await as('alice', 'recipients', 'add', file, '--to', keys.bob?.public as string);
    const before = read().ciphertext;
    expect((await as('alice', 'recipients', 'rotate', file, '--content')).err).toMatch(
      /has a new content key/,
    );
    expect(read().ciphertext).not.toBe(before);
    chmodSync(box.path('bob.key'), 0o600);
    expect((await as('alice', 'get', file, 'a')).out).toBe('one\n');
    expect(JSON.parse((await llmConfig(['recipients', 'list', file, '--json'])).out).recipients).toHaveLength(
      2,
    );
  });

  it('rotate requires either --to or --content', async () => {
    const { box, file, as } = await prepared();
    await using _ = box;
    expect((await as('alice', 'recipients', 'rotate', file)).code).toBe(2);
    expect(
      (await as('alice', 'recipients', 'rotate', file, '--content', '--to', box.path('ci.key'))).code,
    ).toBe(2);
    expect((await as('alice', 'get', file, 'a')).out).toBe('one\n');
  });
});
