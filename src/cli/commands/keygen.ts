import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';
import { writeError } from '../../local/durable.ts';
import { newKey, parseKeys, publicText } from '../../sealing/keys.ts';
import { AgreementKey } from '../../sealing/wrapping.ts';
import { UsageError } from '../arguments.ts';
import type { Answer, Command } from '../command.ts';

export const keygen: Command = {
  name: 'keygen',
  arguments: [],
  says: 'make a key: a random one for a file, or an x25519 pair for a person',
  flags: {
    x25519: { type: 'boolean', says: 'a pair: others write with its public half, only you read' },
    password: { type: 'boolean', says: 'a random password, to be remembered or stored by a person' },
    kid: { type: 'string', value: 'NAME', says: 'how files name its holder' },
    out: { type: 'string', value: 'FILE', says: 'write it there, for you alone, in place of printing it' },
  },
  examples: [
    'llm-config keygen --out ~/.config/acme.key',
    'llm-config keygen --x25519 --kid alice --out ~/.config/alice.key',
    'llm-config keygen | gh secret set LLM_CONFIG_KEY',
  ],
  async run(args) {
    if (args.is('x25519') && args.is('password'))
      throw new UsageError('--x25519 and --password are different things');
    const out = args.text('out');
    if (args.is('password')) return written(`${newPassword()}\n`, out, { kind: 'password' });
    const jwk = newKey(args.is('x25519') ? 'x25519' : 'symmetric', args.text('kid'));
    const text = JSON.stringify(jwk);
    const [key] = parseKeys(text, 'the new key');
    const shared = key instanceof AgreementKey ? { public: publicText(key) } : {};
    return written(`${text}\n`, out, {
      kind: args.is('x25519') ? 'x25519' : 'symmetric',
      kid: jwk.kid,
      ...shared,
    });
  },
};

async function written(
  text: string,
  out: string | undefined,
  about: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const note = about.public === undefined ? undefined : `public key: ${about.public}`;
  if (out === undefined) return { text, json: { ...about, key: text.trim() }, note };
  await writeFile(out, text, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw writeError(error, out);
    throw new ConfigError(
      'io',
      `the file ${out} exists already; whatever was encrypted with the key in it would be lost`,
      {
        hint: 'Choose another name',
      },
    );
  });
  return {
    text: `${about.public ?? about.kid ?? out}`,
    json: { ...about, file: out },
    note: `the key is in ${out}: keep a copy where you keep passwords`,
  };
}

const letters = 'abcdefghijkmnpqrstuvwxyz23456789'; // 32 that cannot be taken for one another

/** 125 bits. */
function newPassword(): string {
  const chosen = Array.from(randomBytes(25), (byte) => letters[byte % 32]);
  return chosen.join('').replace(/(.{5})(?=.)/g, '$1-');
}
