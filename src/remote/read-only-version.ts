import { ConfigError } from '../errors.ts';

/** The error for a write to a place that names one version. `set` would create another version, which the
 *  provider does not read, and `delete` would delete all versions. */
export function readOnlyVersion(provider: string, document: string): ConfigError {
  return new ConfigError(
    'invalid_key',
    `${provider}: ${document} is read-only, because one version of it is selected`,
    { provider, hint: 'Write through a provider that selects no version' },
  );
}
