// Paths of secrets: encoding for connection.ts, and checks of names for everything else in this folder.

import { ConfigError } from '../../errors.ts';

/** Encodes a path segment by segment. No name can become a separator, a query or a step upwards. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

function encodeSegment(segment: string): string {
  if (!isSegment(segment) && segment !== '')
    throw new ConfigError(
      'invalid_key',
      `vault: the path segment ${JSON.stringify(segment)} is not valid in Vault`,
      {
        provider: 'vault',
        hint: 'Use a name other than . and .., without slashes and control characters',
      },
    );
  return encodeURIComponent(segment);
}

/** Whether Vault accepts this name as a path segment. */
export const isSegment = (segment: string): boolean =>
  segment !== '' && segment !== '.' && segment !== '..' && !/[/\p{Cc}\p{Cs}]/u.test(segment);

/** Removes slashes at both ends. */
export const trimSlashes = (path: string): string => path.replace(/^\/+|\/+$/g, '');
