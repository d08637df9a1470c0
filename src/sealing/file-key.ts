import { inspect } from 'node:util';
import type { Header } from './jose.ts';
import type { Recipient } from './jwe.ts';

/** What encrypts a file's content key for one holder, and decrypts it again. */
export interface FileKey {
  /** What a recipient is named by. A password has none of its own: it is tried on every recipient with a password. */
  readonly kid: string | undefined;
  readonly algorithm: string;
  /** False for a public key: whoever has only that can write and cannot read. */
  readonly opens: boolean;
  wrap(contentKey: Buffer): Promise<Recipient>;
  /** `undefined`: this key does not open it. */
  unwrap(encryptedKey: Buffer, header: Header, where: string): Promise<Buffer | undefined>;
}

export class HeldKey {
  /** Printing a key shows which one it is and nothing of it. */
  [inspect.custom](): string {
    const { kid, algorithm } = this as unknown as FileKey;
    return `FileKey(${algorithm}${kid === undefined ? '' : ` ${kid}`})`;
  }
}
