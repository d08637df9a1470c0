// A key in a key management service, such as Vault Transit or AWS KMS. Made by key-sources.ts. What a wrapper
// returns is checked, because users write some of them.

import { ConfigError, isConfigError } from '../errors.ts';
import type { KeyWrapper } from '../key-wrapper.ts';
import { type FileKey, MaskedKey } from './file-key.ts';
import type { Recipient } from './jwe.ts';

/** Spelling of a KeyWrapper's algorithm. The names of JOSE have capitals, except `dir` and `none`,
 *  which callers refuse. */
export const extensionAlgorithm = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** A key that a key management service holds. Each wrap and unwrap is a request to that service. */
export class RemoteKey extends MaskedKey implements FileKey {
  readonly opens = true;
  readonly #wrapper: KeyWrapper;

  constructor(wrapper: KeyWrapper) {
    super();
    if (
      !extensionAlgorithm.test(wrapper.algorithm) ||
      wrapper.algorithm === 'dir' ||
      wrapper.algorithm === 'none'
    )
      throw new ConfigError(
        'invalid_option',
        `KeyWrapper: the algorithm must be a lower-case name such as vault-transit`,
      );
    this.#wrapper = wrapper;
  }

  get kid(): string {
    return this.#wrapper.kid;
  }

  get algorithm(): string {
    return this.#wrapper.algorithm;
  }

  async wrap(contentKey: Buffer): Promise<Recipient> {
    const wrapped: unknown = await this.#request(() => this.#wrapper.wrap(contentKey));
    // of anything else, unwrap would get another text: no one could open the file
    if (typeof wrapped !== 'string') throw this.#misuse('wrap must return a string');
    return { header: { alg: this.algorithm, kid: this.kid }, encryptedKey: Buffer.from(wrapped, 'utf8') };
  }

  async unwrap(encryptedKey: Buffer): Promise<Buffer | undefined> {
    const key: unknown = await this.#request(() => this.#wrapper.unwrap(encryptedKey.toString('utf8')));
    if (!ArrayBuffer.isView(key)) throw this.#misuse('unwrap must return bytes');
    return Buffer.from(key as Uint8Array);
  }

  #misuse(what: string): ConfigError {
    return new ConfigError('crypto', `the service of the key "${this.kid}" (${this.algorithm}): ${what}`, {
      hint: 'Correct the KeyWrapper',
    });
  }

  /** Rebuilds an unknown error, whose message may hold a secret. */
  async #request<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      if (isConfigError(error)) throw error;
      throw new ConfigError('crypto', `the service of the key "${this.kid}" (${this.algorithm}) failed`, {
        cause: error,
        hint: 'Check the KeyWrapper, and that the service is reachable',
      });
    }
  }
}
