import { missing, readBytes, utf8 } from '../../local/file.ts';
import { quoted } from '../../redact.ts';
import { changeRecipients, rewriteEnvelope } from '../../sealing/envelope.ts';
import { jointHeader, parseJwe } from '../../sealing/jwe.ts';
import { x25519 } from '../../sealing/primitives.ts';
import { checkAlgorithms } from '../../sealing/recipients.ts';
import { UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { patiently } from '../io.ts';
import { encryptedFile, fileFlags, keysOf, readersOf, toFlag } from '../keys.ts';

export const listRecipients: Command = {
  name: 'recipients list',
  arguments: ['FILE'],
  says: 'who can read an encrypted file; needs no key',
  flags: {},
  examples: ['llm-config recipients list config/secrets.yaml.jwe'],
  async run(args) {
    const [file] = args.positionals as [string];
    const bytes = await readBytes(file, file, 'llm-config');
    if (!bytes) throw missing(file, 'llm-config');
    const where = `the encrypted file ${file}`;
    const jwe = parseJwe(utf8(bytes.content, file, 'llm-config'), where);
    checkAlgorithms(jwe, where);
    const recipients = jwe.recipients.map((one) => {
      const {
        kid = null,
        alg,
        jwk,
      } = jointHeader(jwe, one, where) as { kid?: string; alg: string; jwk?: { x?: unknown } };
      return { kid, algorithm: alg, ...(x25519(jwk) && { public: `x25519:${jwk?.x}` }) };
    });
    const shown = recipients.map((one) =>
      [quoted(one.kid ?? ''), one.algorithm, one.public ?? ''].join('  ').trimEnd(),
    );
    return { text: shown.join('\n'), json: { recipients, context: jwe.claimed ?? null } };
  },
};

export const addRecipient: Command = {
  name: 'recipients add',
  arguments: ['FILE'],
  says: 'let somebody else read it too; the encrypted content stays as it is',
  flags: { ...fileFlags, ...toFlag },
  examples: [
    'llm-config recipients add config/secrets.yaml.jwe --to x25519:hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
    'llm-config recipients add config/secrets.yaml.jwe --to ci.key',
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const add = await newReaders(args, io);
    await patiently(
      io,
      'Encrypting',
      encryptedFile(args, io, file).reseal((envelope, _, where) =>
        changeRecipients(envelope, { add }, where),
      ),
    );
    const names = add.map(({ kid = 'password' }) => kid);
    return { json: { added: names }, note: `${names.join(', ')} can read ${file} now` };
  },
};

export const removeRecipient: Command = {
  name: 'recipients remove',
  arguments: ['FILE', 'NAME'],
  says: 'encrypt it no longer for somebody, by the name that the list shows',
  flags: fileFlags,
  examples: [
    'llm-config recipients remove config/secrets.yaml.jwe alice && llm-config rotate config/secrets.yaml.jwe --content',
  ],
  async run(args, io) {
    const [file, name] = args.positionals as [string, string];
    await patiently(
      io,
      'Encrypting',
      encryptedFile(args, io, file).reseal((envelope, _, where) =>
        changeRecipients(envelope, { remove: [name] }, where),
      ),
    );
    return {
      json: { removed: name },
      note: `${name} knows what was in it until now: run rotate --content, and change the secrets themselves`,
    };
  },
};

export const rotate: Command = {
  name: 'rotate',
  arguments: ['FILE'],
  says: 'put a new key (--to) in the place of your own, or make a new content key (--content)',
  flags: { ...fileFlags, ...toFlag, content: { type: 'boolean', says: 'encrypt the content anew' } },
  examples: [
    'llm-config rotate config/secrets.yaml.jwe --to new.key',
    'llm-config rotate config/secrets.yaml.jwe --content',
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const add = args.texts('to').length > 0 ? await newReaders(args, io) : [];
    if (add.length === 0 && !args.is('content'))
      throw new UsageError('say --to with the new key, or --content');
    const encrypted = encryptedFile(args, io, file, keysOf(args, io));
    let gone: string[] = [];
    const writing = encrypted.reseal(async (envelope, { keys }, where) => {
      if (args.is('content')) {
        const contentType = envelope.contentType ?? 'json';
        const anew = await rewriteEnvelope(envelope, envelope.plaintext, keys, {
          contentType,
          context: args.text('context'),
          where,
        });
        return add.length === 0
          ? anew
          : Promise.reject(new UsageError('--to and --content are two steps: do one after the other'));
      }
      const { kid } = envelope.opened.recipient.header;
      if (typeof kid !== 'string')
        throw new UsageError(
          'the recipient that your key opens has no name; decrypt the file and encrypt it again',
        );
      gone = [kid];
      return changeRecipients(envelope, { add, remove: gone }, where);
    });
    await patiently(io, 'Encrypting', writing);
    const names = add.map(({ kid = 'password' }) => kid);
    return {
      json: { added: names, removed: gone, content: args.is('content') },
      note: args.is('content')
        ? `${file} has a new content key`
        : `${names.join(', ')} in the place of ${gone.join(', ')}`,
    };
  },
};

/** Whom `--to` names; the other flags name who is doing it. */
async function newReaders(args: Parameters<Command['run']>[0], io: Parameters<Command['run']>[1]) {
  const to = args.texts('to');
  if (to.length === 0) throw new UsageError('--to is missing: the key of whoever shall read it');
  return readersOf(
    { ...args, text: () => undefined, is: () => false, texts: (name) => (name === 'to' ? to : []) },
    io,
  );
}
