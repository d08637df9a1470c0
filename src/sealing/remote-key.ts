import { ConfigError, isConfigError } from '../errors.ts';
import type { KeyWrapper } from '../key-wrapper.ts';
import { type FileKey, HeldKey } from './file-key.ts';
import type { Recipient } from './jwe.ts';

/** How a KeyWrapper's algorithm is spelled; JOSE's own names have capitals. */
export const extensionAlgorithm = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** A key that a key management service holds. */
export class RemoteKey extends HeldKey implements FileKey {
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
        `a KeyWrapper's algorithm must be a name such as vault-transit`,
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
    const wrapped = await this.#asking(() => this.#wrapper.wrap(contentKey));
    return { header: { alg: this.algorithm, kid: this.kid }, encryptedKey: Buffer.from(wrapped, 'utf8') };
  }

  async unwrap(encryptedKey: Buffer): Promise<Buffer | undefined> {
    return Buffer.from(await this.#asking(() => this.#wrapper.unwrap(encryptedKey.toString('utf8'))));
  }

  /** A stranger's error may hold anything. */
  async #asking<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (isConfigError(error)) throw error;
      throw new ConfigError(
        'crypto',
        `the key "${this.kid}" (${this.algorithm}) could not be used: its service failed`,
        { cause: error },
      );
    }
  }
}
