// The option `address`. Used by connection.ts. Errors never quote the address, because it may contain a
// password. Without `allowInsecure`, plain http is accepted for loopback only.

import { ConfigError } from '../../errors.ts';

/** The parsed option `address`. */
export interface Address {
  /** For messages. Never contains a user name or a password. */
  readonly shown: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** The part of every path before `/v1`, as behind a reverse proxy. */
  readonly prefix: string;
  readonly endpoint: string;
  readonly socketPath?: string;
}

const invalid = (message: string, hint: string): ConfigError =>
  new ConfigError('invalid_option', `vault: ${message}`, { hint });

export function addressOf(text: string, allowInsecure: boolean): Address {
  if (text.startsWith('unix:')) return socketAddress(text.replace(/^unix:(?:\/\/)?/, ''));
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid('the address is not a URL', 'Write the address as https://vault.internal:8200');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalid(
      'the address must start with https://, http:// or unix://',
      'Write the address as https://vault.internal:8200',
    );
  if (url.username !== '' || url.password !== '')
    throw invalid('the address has a user name or a password', 'Log in with the option auth');
  if (url.search !== '' || url.hash !== '')
    throw invalid('the address has a query or a fragment', 'Keep only scheme, host, port and path');
  const secure = url.protocol === 'https:';
  if (!secure && !isLoopback(url.hostname) && !allowInsecure)
    throw invalid(
      `${url.origin} would send tokens and secrets unencrypted over the network`,
      'Use https://, or set allowInsecure: true',
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

function socketAddress(socketPath: string): Address {
  if (!socketPath.startsWith('/'))
    throw invalid('the address has no socket path', 'Write the address as unix:///run/vault.sock');
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

const isLoopback = (host: string): boolean =>
  /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host);
