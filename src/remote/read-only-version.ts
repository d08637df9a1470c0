import { ConfigError } from '../errors.ts';

/** Why nothing is written where one version is read: the write would make another, which nobody reads here, or delete them all. */
export function readOnlyVersion(provider: string, document: string): ConfigError {
  return new ConfigError(
    'invalid_key',
    `${provider}: one version of ${document} is read here, and a version does not change`,
    {
      provider,
      hint: 'Write with a provider that names no version',
    },
  );
}
