// `recipients`: who can read an encrypted file. Adding and removing leaves the ciphertext
// unchanged; only `recipients rotate --content` makes a new content key.

import { missing, readBytes, utf8 } from '../../local/file.ts';
import { quoted } from '../../redact.ts';
import { changeRecipients, rewriteEnvelope } from '../../sealing/envelope.ts';
import { jointHeader, parseJwe } from '../../sealing/jwe.ts';
import { x25519 } from '../../sealing/primitives.ts';
import { checkAlgorithms } from '../../sealing/recipients.ts';
import { UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { withProgress } from '../io.ts';
import { encryptedFile, fileFlags, keysOf, readersOf, toFlag } from '../keys.ts';

export const listRecipients: Command = {
  name: 'recipients list',
  arguments: ['FILE'],
  summary: 'list the recipients that can read an encrypted file; needs no key',
  flags: {},
  examples: ['llm-config recipients list config/secrets.yaml.jwe'],
  async run(args) {
    const [file] = args.positionals as [string];
    const bytes = await readBytes(file, file, 'llm-config');
    if (!bytes) throw missing(file, 'llm-config');
    const where = `the encrypted file ${file}`;
    const jwe = parseJwe(utf8(bytes.content, file, 'llm-config'), where);
    checkAlgorithms(jwe, where);
    const recipients = jwe.recipients.map((recipient) => {
      const {
        kid = null,
        alg,
        jwk,
      } = jointHeader(jwe, recipient, where) as { kid?: string; alg: string; jwk?: { x?: unknown } };
      return { kid, algorithm: alg, ...(x25519(jwk) && { public: `x25519:${jwk?.x}` }) };
    });
    const shown = recipients.map((recipient) =>
      [quoted(recipient.kid ?? ''), recipient.algorithm, recipient.public ?? ''].join('  ').trimEnd(),
    );
    return { text: shown.join('\n'), json: { recipients, context: jwe.claimed ?? null } };
  },
};

export const addRecipient: Command = {
  name: 'recipients add',
  arguments: ['FILE'],
  summary: 'add a recipient; the ciphertext does not change',
  flags: { ...fileFlags, ...toFlag },
  examples: [
    'llm-config recipients add secrets.yaml.jwe --to x25519:hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
    'llm-config recipients add secrets.yaml.jwe --to ci.key',
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const add = await newReaders(args, io);
    await withProgress(
      io,
      'Encrypting',
      encryptedFile(args, io, file).reseal((envelope, _, where) =>
        changeRecipients(envelope, { add }, where),
      ),
    );
    const names = add.map(({ kid = 'password' }) => kid);
    return { json: { added: names }, note: `${names.join(', ')} can now read ${file}` };
  },
};

export const removeRecipient: Command = {
  name: 'recipients remove',
  arguments: ['FILE', 'NAME'],
  summary: 'remove a recipient, by a name from recipients list',
  flags: fileFlags,
  examples: [
    'llm-config recipients remove config/secrets.yaml.jwe alice',
    'llm-config recipients rotate config/secrets.yaml.jwe --content',
  ],
  async run(args, io) {
    const [file, name] = args.positionals as [string, string];
    await withProgress(
      io,
      'Encrypting',
      encryptedFile(args, io, file).reseal((envelope, _, where) =>
        changeRecipients(envelope, { remove: [name] }, where),
      ),
    );
    return {
      json: { removed: name },
      note: `${name} may still know the old content. Run recipients rotate --content, and change the secrets`,
    };
  },
};

export const rotateRecipient: Command = {
  name: 'recipients rotate',
  arguments: ['FILE'],
  summary: 'replace your own key (--to), or create a new content key (--content)',
  flags: {
    ...fileFlags,
    ...toFlag,
    content: { type: 'boolean', summary: 'encrypt the content with a new key' },
  },
  examples: [
    'llm-config recipients rotate config/secrets.yaml.jwe --to new.key',
    'llm-config recipients rotate config/secrets.yaml.jwe --content',
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const add = args.texts('to').length > 0 ? await newReaders(args, io) : [];
    if (add.length === 0 && !args.is('content')) throw new UsageError('--to or --content is missing');
    const encrypted = encryptedFile(args, io, file, keysOf(args, io));
    let removed: string[] = [];
    const writing = encrypted.reseal(async (envelope, { keys }, where) => {
      if (args.is('content')) {
        const contentType = envelope.contentType ?? 'json';
        const rewritten = await rewriteEnvelope(envelope, envelope.plaintext, keys, {
          contentType,
          context: args.text('context'),
          where,
        });
        return add.length === 0
          ? rewritten
          : Promise.reject(new UsageError('--to and --content cannot be combined. Run rotate once for each'));
      }
      const { kid } = envelope.opened.recipient.header;
      if (typeof kid !== 'string')
        throw new UsageError('the recipient of your key has no name. Decrypt the file and encrypt it again');
      removed = [kid];
      return changeRecipients(envelope, { add, remove: removed }, where);
    });
    await withProgress(io, 'Encrypting', writing);
    const names = add.map(({ kid = 'password' }) => kid);
    return {
      json: { added: names, removed, content: args.is('content') },
      note: args.is('content')
        ? `${file} has a new content key`
        : `replaced ${removed.join(', ')} with ${names.join(', ')}`,
    };
  },
};

/** The keys of `--to`. The other flags name the key that opens the file. */
async function newReaders(args: Parameters<Command['run']>[0], io: Parameters<Command['run']>[1]) {
  const to = args.texts('to');
  if (to.length === 0) throw new UsageError('--to is missing. Set it to the key of the new recipient');
  return readersOf(
    { ...args, text: () => undefined, is: () => false, texts: (name) => (name === 'to' ? to : []) },
    io,
  );
}
