// What sources of several stores report in the same words: a response without its content, a name that is not
// a key, a write to a selected version. Used by the providers of AWS, Azure and GCP.

import { ConfigError } from '../errors.ts';
import { quoted } from '../redact.ts';
import { wrongServerHint } from './network.ts';

/** The error for a response that lacks what the store always sends. It must not make anything absent. */
export const incomplete = (provider: string, problem: string): ConfigError =>
  new ConfigError('unavailable', `${provider}: ${problem}`, { provider, hint: wrongServerHint });

/** The notice of a listed name that is not a key. The option `option` can still map a key to it. */
export const skippedName = (provider: string, name: string, option: string): string =>
  `${provider}: ${quoted(name)} is skipped: its name is not a key. Map it in the option ${option}`;

/** The error for a write to a place that names one version. `set` would create another version, which the
 *  provider does not read, and `delete` would delete all versions. */
export function readOnlyVersion(provider: string, document: string): ConfigError {
  return new ConfigError(
    'invalid_key',
    `${provider}: ${document} is read-only, because one version of it is selected`,
    { provider, hint: 'Write through a provider that selects no version' },
  );
}
