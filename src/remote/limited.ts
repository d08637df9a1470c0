// Limits how much of a response is read. Used by the clients of AWS, Azure, GCP and Vault: without a limit, a
// hostile server or proxy fills the memory until the attempt times out.

import { pipeline, type Readable, Transform } from 'node:stream';
import { ConfigError } from '../errors.ts';
import { wrongServerHint } from './network.ts';

/** Far more than any secret or list of names takes. */
export const maxResponseBytes = 32 * 1024 * 1024;

export const responseTooLarge = (provider: string): ConfigError =>
  new ConfigError('parse', `${provider}: the response is larger than ${maxResponseBytes / 1024 / 1024} MiB`, {
    provider,
    hint: wrongServerHint,
  });

/** The same stream. Fails, and destroys `body` with its connection, once it has delivered too much. */
export function limited(body: Readable, provider: string): Readable {
  let length = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (length > maxResponseBytes) done(responseTooLarge(provider));
      else done(null, chunk);
    },
  });
  return pipeline(body, counter, () => undefined);
}
