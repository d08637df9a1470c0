// The Diffie-Hellman key agreement of the Secret Service: dh-ietf1024-sha256, its only encrypted one. Used by
// session.ts. Own DER code, because `getDiffieHellman` spends forty milliseconds on checking a well-known
// prime.

import { createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync } from 'node:crypto';

/** The public key of one session, and the key that both sides derive from it. */
export interface KeyAgreement {
  readonly publicKey: Buffer;
  /** Throws for a peer's key that would make the result known, such as zero or one. */
  sharedKey(peerKey: Uint8Array): Buffer;
}

/** Generates a key pair in the group of dh-ietf1024-sha256 (`modp2`). */
export function keyAgreement(): KeyAgreement {
  // The types of Node do not know 'dh' with a group.
  const { privateKey, publicKey } = generateKeyPairSync('dh' as 'x25519', { group: 'modp2' } as object);
  const ownKey = publicKey.export({ type: 'spki', format: 'der' });
  const group = contentAt(ownKey, 0);
  const bits = contentAt(ownKey, group) + (ownKey[group + 2] as number);
  const number = contentAt(ownKey, bits) + 1;
  return {
    publicKey: ownKey.subarray(contentAt(ownKey, number)),
    sharedKey(peerKey) {
      const key = der(0x30, ownKey.subarray(group, bits), der(0x03, Buffer.of(0), integer(peerKey)));
      const shared = diffieHellman({
        privateKey,
        publicKey: createPublicKey({ key, type: 'spki', format: 'der' }),
      });
      return Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), Buffer.alloc(0), 16));
    },
  };
}

/** The offset of the content of the DER value at `at`. */
const contentAt = (bytes: Buffer, at: number): number => {
  const length = bytes[at + 1] as number;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
};

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

/** A positive DER integer, in its shortest form. */
function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  return der(0x02, (digits[0] as number) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]));
}
