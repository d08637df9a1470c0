// A key as encrypted files and sealed values see it. Local keys and keys of a service implement it.

import { inspect } from 'node:util';
import type { JoseHeader } from './jose.ts';
import type { Recipient } from './jwe.ts';

/** A key that encrypts a file's content key for one recipient, and decrypts it again. Made by `parseKeys`
 *  and `password`. */
export interface FileKey {
  /** Name of its recipient in a file. A password without a name is tried on every password recipient. */
  readonly kid: string | undefined;
  /** The recipient's `alg`: a JOSE name, or a service's name such as `vault-transit`. */
  readonly algorithm: string;
  /** `false` for a public key, which can encrypt and cannot decrypt. */
  readonly opens: boolean;
  wrap(contentKey: Buffer): Promise<Recipient>;
  /** Returns `undefined` when this key does not open the recipient. */
  unwrap(encryptedKey: Buffer, header: JoseHeader, where: string): Promise<Buffer | undefined>;
}

/** Base class of all keys. Printing a key shows its algorithm and name, and nothing of the key itself. */
export class MaskedKey {
  [inspect.custom](): string {
    const { kid, algorithm } = this as unknown as FileKey;
    return `FileKey(${algorithm}${kid === undefined ? '' : ` ${kid}`})`;
  }
}
