// How a content is encrypted: AES-256-GCM with a key that is derived from the data key for one name. Used by
// level.ts. The domain, the name, the ticket and the times are authenticated, so a content that was moved,
// cut or given another ticket does not open.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { format } from './names.ts';

const idBytes = 8;
const headBytes = 1 + idBytes + 6;
const ivBytes = 12;
const tagBytes = 16;
/** How far the clocks of two processes may differ. */
const skewMs = 1_000;

/** Everything that a content is bound to besides its head. */
export interface Bound {
  readonly binding: string;
  readonly ticket: number;
}

/** The right to read a domain for an hour. Made by data-keys.ts. */
export class DataKey {
  /** Names the key in contents. */
  readonly id: Buffer;
  readonly #key: Buffer;
  readonly #derived = new Map<string, Buffer>();

  constructor(id: Buffer, key: Buffer) {
    this.id = id;
    this.#key = key;
  }

  seal(content: Uint8Array, { binding, ticket }: Bound, endsAt: number): Buffer {
    const head = Buffer.alloc(headBytes);
    head[0] = format;
    this.id.copy(head, 1);
    head.writeUIntBE(Math.min(Math.max(0, Math.floor(endsAt)), 2 ** 48 - 1), 1 + idBytes, 6);
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#for(binding), iv);
    cipher.setAAD(associated(head, binding, ticket));
    const body = [cipher.update(content), cipher.final()];
    return Buffer.concat([head, iv, cipher.getAuthTag(), ...body]);
  }

  /** Undefined: it was forged, damaged, moved or cut, or its life is over. */
  open(sealed: Buffer, { binding, ticket }: Bound, now: number): Buffer | undefined {
    if (sealed.length < headBytes + ivBytes + tagBytes) return undefined;
    const head = sealed.subarray(0, headBytes);
    if (now > head.readUIntBE(1 + idBytes, 6) + skewMs) return undefined;
    const tagAt = headBytes + ivBytes;
    try {
      const iv = sealed.subarray(headBytes, tagAt);
      const decipher = createDecipheriv('aes-256-gcm', this.#for(binding), iv, { authTagLength: tagBytes });
      decipher.setAAD(associated(head, binding, ticket));
      decipher.setAuthTag(sealed.subarray(tagAt, tagAt + tagBytes));
      const content = decipher.update(sealed.subarray(tagAt + tagBytes));
      // throws for what was changed
      decipher.final();
      return content;
    } catch {
      return undefined;
    }
  }

  /** The key's id and a hash, which shows nothing to those without the key. */
  mac(binding: string, revision: string): string {
    const hash = createHmac('sha256', this.#for(`revision ${binding}`))
      .update(revision)
      .digest('base64url');
    return this.id.toString('base64url') + hash.slice(0, 22);
  }

  #for(info: string): Buffer {
    let derived = this.#derived.get(info);
    if (!derived) {
      if (this.#derived.size >= 20_000) this.#derived.clear();
      derived = Buffer.from(hkdfSync('sha256', this.#key, Buffer.alloc(0), hashedInfo(info), 32));
      this.#derived.set(info, derived);
    }
    return derived;
  }
}

/** HKDF takes at most 1,024 bytes of info, and names may be longer. */
const hashedInfo = (info: string): Buffer => createHmac('sha256', 'llm-config-manager').update(info).digest();

const associated = (head: Buffer, binding: string, ticket: number): Buffer =>
  Buffer.concat([head, Buffer.from(`${ticket} ${binding}`)]);

/** The id of the key that a content names. Undefined: it has another format. */
export const keyIdOf = (sealed: Buffer): Buffer | undefined =>
  sealed.length > headBytes && sealed[0] === format ? sealed.subarray(1, 1 + idBytes) : undefined;
