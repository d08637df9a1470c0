// `keygen`: makes keys and passwords. Never replaces a file: everything encrypted with the old key would
// be lost.

import { randomBytes } from 'node:crypto';
import { newKey, parseKeys, publicText } from '../../sealing/keys.ts';
import { X25519Key } from '../../sealing/local-keys.ts';
import { writePrivate } from '../argument-files.ts';
import { UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';

export const keygen: Command = {
  name: 'keygen',
  arguments: [],
  summary: 'create a random key, or a key pair for a person',
  flags: {
    x25519: {
      type: 'boolean',
      summary: 'create a key pair: others encrypt with its public key, only you decrypt',
    },
    password: { type: 'boolean', summary: 'create a random password' },
    kid: { type: 'string', value: 'NAME', summary: 'the name that files use for its holder' },
    out: {
      type: 'string',
      value: 'FILE',
      summary: 'write it to a file that only you can read, instead of printing it',
    },
  },
  examples: [
    'llm-config keygen --out ~/.config/acme.key',
    'llm-config keygen --x25519 --kid alice --out ~/.config/alice.key',
    'llm-config keygen | gh secret set LLM_CONFIG_KEY',
  ],
  async run(args) {
    if (args.is('x25519') && args.is('password'))
      throw new UsageError('--x25519 and --password cannot be combined. Use one of them');
    if (args.is('password') && args.text('kid') !== undefined)
      throw new UsageError('--kid and --password cannot be combined: a password has no name');
    const out = args.text('out');
    if (args.is('password')) return printOrWrite(`${newPassword()}\n`, out, { kind: 'password' });
    const jwk = newKey(args.is('x25519') ? 'x25519' : 'symmetric', args.text('kid'));
    const text = JSON.stringify(jwk);
    const [key] = parseKeys(text, 'the new key');
    const shared = key instanceof X25519Key ? { public: publicText(key) } : {};
    return printOrWrite(`${text}\n`, out, {
      kind: args.is('x25519') ? 'x25519' : 'symmetric',
      kid: jwk.kid,
      ...shared,
    });
  },
};

async function printOrWrite(
  text: string,
  out: string | undefined,
  about: Readonly<Record<string, unknown>>,
): Promise<CommandResult> {
  const note = about.public === undefined ? undefined : `public key: ${about.public}`;
  if (out === undefined) return { text, json: { ...about, key: text.trim() }, note };
  await writePrivate(out, text, {
    force: false,
    hint: 'Choose another name: the file may hold a key that is in use',
  });
  return {
    text: `${about.public ?? about.kid ?? out}`,
    json: { ...about, file: out },
    note: `the key is in ${out}: keep a copy where you keep passwords`,
  };
}

const letters = 'abcdefghijkmnpqrstuvwxyz23456789'; // 32 characters that do not look alike

/** A random password of 125 bits. */
function newPassword(): string {
  const chosen = Array.from(randomBytes(25), (byte) => letters[byte % 32]);
  return chosen.join('').replace(/(.{5})(?=.)/g, '$1-');
}
