import { createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync } from 'node:crypto';

/** A key of our own for one session, and the key that both sides make of it. */
export interface Agreement {
  readonly publicKey: Buffer;
  sharedKey(theirs: Uint8Array): Buffer;
}

/** dh-ietf1024-sha256: by way of DER, because `getDiffieHellman` takes forty milliseconds to check that a well-known prime is one. */
export function agreement(): Agreement {
  const { privateKey, publicKey } = generateKeyPairSync('dh' as 'x25519', { group: 'modp2' } as object); // the types do not know dh;
  const own = publicKey.export({ type: 'spki', format: 'der' });
  const group = inside(own, 0);
  const bits = inside(own, group) + (own[group + 2] as number);
  const number = inside(own, bits) + 1;
  return {
    publicKey: own.subarray(inside(own, number)),
    sharedKey(theirs) {
      const key = der(0x30, own.subarray(group, bits), der(0x03, Buffer.of(0), integer(theirs)));
      const shared = diffieHellman({
        privateKey,
        publicKey: createPublicKey({ key, type: 'spki', format: 'der' }),
      });
      return Buffer.from(hkdfSync('sha256', shared, Buffer.alloc(0), Buffer.alloc(0), 16));
    },
  };
}

/** Where the content of the DER value at `at` begins. */
const inside = (bytes: Buffer, at: number): number => {
  const length = bytes[at + 1] as number;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
};

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

/** As short as it can be, and positive. */
function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  return der(0x02, (digits[0] as number) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]));
}
