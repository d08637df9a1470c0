// The option `tls`. Used by transport.ts, which reads certificate files for the first request, and again for
// each log-in. Errors never quote the value of `tls.key`, because it may be the key itself instead of a path.

import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';
import { anObject, aString, type Check, checkOptions, defined, oneOf } from '../../internal/options.ts';
import { quoted } from '../../redact.ts';

/** Certificates and keys: PEM text, or the path of a PEM file (read again at each log-in). */
export interface TlsOptions {
  /** Certificate authorities that may have signed the server's certificate. @default the authorities that
   *  Node knows */
  readonly ca?: string;
  /** The client certificate. @default none */
  readonly cert?: string;
  /** The private key of `cert`. @default none */
  readonly key?: string;
  /** Decrypts `key`, if the key is encrypted. @default none */
  readonly passphrase?: string;
  /** The name that the server's certificate must have. @default the host of the address */
  readonly serverName?: string;
  /** The oldest TLS version to accept. @default 'TLSv1.2' */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface Tls extends TlsOptions {
  /** The options that are files. Files may change. */
  readonly files: readonly string[];
}

const tlsChecks: Readonly<Record<string, Check>> = {
  ca: aString,
  cert: aString,
  key: aString,
  passphrase: aString,
  serverName: aString,
  minVersion: oneOf('TLSv1.2', 'TLSv1.3'),
};

export const aTls: Check = (value) => {
  if (anObject(value)) return 'an object';
  checkOptions('vault: tls', value as object, tlsChecks);
  return undefined;
};

const isPem = (text: string): boolean => text.includes('-----BEGIN ');

export function tlsOf(options: TlsOptions): Tls {
  const { ca, cert, key } = options;
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigError('invalid_option', 'vault: a client certificate needs both tls.cert and tls.key', {
      hint: 'Set both, or neither',
    });
  const files = [ca, cert, key].flatMap((option) => (option !== undefined && !isPem(option) ? [option] : []));
  return { ...options, files };
}

/** Returns the options in the form that Node's `https.Agent` takes, with all files read. */
export async function readTls({
  ca,
  cert,
  key,
  passphrase,
  serverName,
  minVersion,
}: TlsOptions): Promise<object> {
  const options = {
    ca: await readPem(ca, 'ca'),
    cert: await readPem(cert, 'cert'),
    key: await readPem(key, 'key'),
    passphrase,
    servername: serverName,
  };
  return { ...defined(options), minVersion: minVersion ?? 'TLSv1.2' };
}

async function readPem(
  pemOrPath: string | undefined,
  option: 'ca' | 'cert' | 'key',
): Promise<string | undefined> {
  if (pemOrPath === undefined || isPem(pemOrPath)) return pemOrPath;
  const file = option === 'key' ? 'the file of tls.key' : `the file ${quoted(pemOrPath)} of tls.${option}`;
  const text = await readFile(pemOrPath, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError('io', `vault: ${file} cannot be read (${error.code})`, {
      provider: 'vault',
      hint: 'Check the path and its permissions',
    });
  });
  if (!isPem(text))
    throw new ConfigError('io', `vault: ${file} has no PEM text`, {
      provider: 'vault',
      hint: `Set tls.${option} to a PEM file or to PEM text`,
    });
  return text;
}
