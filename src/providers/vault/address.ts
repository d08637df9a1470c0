import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';
import { anObject, aString, type Check, checkOptions, oneOf } from '../../internal/options.ts';
import { quoted } from '../../redact.ts';

/** Where the server listens. */
export interface Address {
  /** As the user gave it, for messages; never with a user's name or password. */
  readonly shown: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** What stands before /v1 in every path, as behind a reverse proxy. */
  readonly prefix: string;
  readonly endpoint: string;
  readonly socketPath?: string;
}

/** Certificates and keys: PEM text, or the path of a file that holds it (read again at each log-in). */
export interface TlsOptions {
  /** Who may have signed the server's certificate. @default the authorities that Node knows */
  readonly ca?: string;
  /** The client's certificate. @default none */
  readonly cert?: string;
  /** The key of that certificate. @default none */
  readonly key?: string;
  /** What opens the key, where it is encrypted. @default none */
  readonly passphrase?: string;
  /** The name that the server's certificate must have. @default the host of the address */
  readonly serverName?: string;
  /** The oldest version that is spoken. @default 'TLSv1.2' */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface Tls extends TlsOptions {
  /** Whether one of them is a file. */
  readonly files: boolean;
}

const invalid = (message: string, hint: string): ConfigError =>
  new ConfigError('invalid_option', `vault: ${message}`, { hint });

export function addressOf(text: string, allowInsecure: boolean): Address {
  if (text.startsWith('unix:')) {
    const socketPath = text.replace(/^unix:(?:\/\/)?/, '');
    if (!socketPath.startsWith('/'))
      throw invalid('the address names no socket', 'Write it as unix:///run/vault.sock');
    return {
      shown: `unix://${socketPath}`,
      secure: false,
      host: 'localhost',
      port: 0,
      prefix: '',
      endpoint: 'http://localhost',
      socketPath,
    };
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid('the address is no URL', 'Write it as https://vault.internal:8200');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalid(
      'the address must begin with https://, http:// or unix://',
      'Write it as https://vault.internal:8200',
    );
  if (url.username !== '' || url.password !== '')
    throw invalid('the address holds a user name or a password', 'Log in by the option auth');
  if (url.search !== '' || url.hash !== '')
    throw invalid('the address holds a query or a fragment', 'Write only scheme, host and port');
  const secure = url.protocol === 'https:';
  if (!secure && !isLoopback(url.hostname) && !allowInsecure)
    throw invalid(
      `${url.origin} is not encrypted, and tokens and secrets would cross the network`,
      'Use https://, or say allowInsecure: true',
    );
  const prefix = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    shown: `${url.origin}${prefix}`,
    secure,
    host,
    port: Number(url.port || (secure ? 443 : 80)),
    prefix,
    endpoint: `${url.origin}${prefix}`,
  };
}

const isLoopback = (host: string): boolean =>
  /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host);

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
    throw invalid('a client certificate needs both tls.cert and tls.key', 'Give both, or none');
  return { ...options, files: [ca, cert, key].some((one) => one !== undefined && !isPem(one)) };
}

/** As Node's own TLS options. */
export async function tlsFiles({
  ca,
  cert,
  key,
  passphrase,
  serverName,
  minVersion,
}: TlsOptions): Promise<object> {
  const given = {
    ca: await pem(ca, 'ca'),
    cert: await pem(cert, 'cert'),
    key: await pem(key, 'key'),
    passphrase,
    servername: serverName,
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...known, minVersion: minVersion ?? 'TLSv1.2' };
}

async function pem(said: string | undefined, option: 'ca' | 'cert' | 'key'): Promise<string | undefined> {
  if (said === undefined || isPem(said)) return said;
  const file = option === 'key' ? 'the file of tls.key' : `the file ${quoted(said)} of tls.${option}`; // it may be a key by mistake
  const text = await readFile(said, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError('io', `${file} cannot be read (${error.code})`, { provider: 'vault' });
  });
  if (!isPem(text)) throw new ConfigError('io', `${file} holds no PEM text`, { provider: 'vault' });
  return text;
}
