import { createHash, createPrivateKey, diffieHellman, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openEnvelope } from '../../src/sealing/envelope.ts';
import { parseJwe } from '../../src/sealing/jwe.ts';
import { parseKeys, password } from '../../src/sealing/keys.ts';
import { aesUnwrap, aesWrap, concatKdf, x25519 } from '../../src/sealing/primitives.ts';

// RFC 7520, figures 95 and following: values of the standard, not secrets
const cookbookPassword = 'entrap_o\u2013peter_long\u2013credit_tun';
const cookbookKey =
  '{"kty":"oct","kid":"18ec08e1-bfa9-4d95-b205-2b4dd1d4321d","use":"enc","alg":"A256GCMKW","k' +
  '":"qC57l_uxcm7Nm3K-ct4GFjx8tM1U8CZ0NLBvdQstiS8"}';
const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('published test vectors', () => {
  it('aesWrap and aesUnwrap match RFC 3394 §4.6', () => {
    const key = hex('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');
    const data = hex('00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F');
    const wrapped = hex('28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21');
    expect(aesWrap(key, data)).toEqual(wrapped);
    expect(aesUnwrap(key, wrapped)).toEqual(data);
    expect(aesUnwrap(Buffer.alloc(32), wrapped)).toBeUndefined();
    expect(aesUnwrap(key, Buffer.concat([wrapped, Buffer.alloc(8)]))).toBeUndefined();
    wrapped.writeUInt8(wrapped.readUInt8(39) ^ 1, 39);
    expect(aesUnwrap(key, wrapped)).toBeUndefined();
  });

  it('a password opens the content key of RFC 7520 §5.3', async () => {
    const header = { alg: 'PBES2-HS512+A256KW', p2s: '8Q1SzinasR3xchYz6ZZcHA', p2c: 8192 };
    const encryptedKey = bytes('d3qNhUWfqheyPp4H8sjOWsDYajoej4c5Je6rlUtFPWdgtURtmeDV1g');
    const contentKey = await password(cookbookPassword).unwrap(encryptedKey, header, 'it');
    expect(contentKey).toEqual(bytes('uwsjJXaBK407Qaf0_zpcpmr1Cs0CC50hIUEyGNEt3m0'));
  });

  it.each([
    [
      '§5.7',
      'KkYT0GX_2jHlfqN_',
      'kfPduVQ3T3H6vnewt--ksw',
      'lJf3HbOApxMEBkCMOoTnnABxs_CvTWUmZQ2ElLvYNok',
      'UWxARpat23nL9ReIj4WG3D1ee9I4r-Mv5QLuFXdy_rE',
    ],
    [
      '§5.13',
      'AvpeoPZ9Ncn9mkBn',
      '59Nqh1LlYtVIhfD3pgRGvw',
      'a7CclAejo_7JSuPB8zeagxXRam8dwCfmkt9-WyTpS1E',
      'zXayeJ4gvm8NJr3IUInyokTUO-LbQNKEhe_zWlYbdpQ',
    ],
  ])('a symmetric key opens the content key of RFC 7520 %s', async (_, iv, tag, encryptedKey, expected) => {
    const [key] = parseKeys(cookbookKey, 'the key');
    expect(await key?.unwrap(bytes(encryptedKey), { alg: 'A256GCMKW', iv, tag }, 'it')).toEqual(
      bytes(expected),
    );
  });

  it('concatKdf matches RFC 7518, appendix C', () => {
    const shared = Buffer.from([
      158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
      106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
    ]);
    const derived = concatKdf(shared, 'A128GCM', 128, Buffer.from('Alice'), Buffer.from('Bob'));
    expect(derived.toString('base64url')).toBe('VqqN6vgjbSBcIijNcacQGg');
  });

  it('x25519 matches the shared secret of RFC 8037, appendix A.6', () => {
    const jwk = {
      kty: 'OKP',
      crv: 'X25519',
      x: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08',
      d: 'XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os',
    };
    const publicKey = x25519({
      kty: 'OKP',
      crv: 'X25519',
      x: 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
    }) as KeyObject;
    const shared = diffieHellman({ privateKey: createPrivateKey({ format: 'jwk', key: jwk }), publicKey });
    expect(shared.toString('hex')).toBe('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742');
  });

  it('parseJwe refuses the cipher of RFC 7520 §5.3 by name', () => {
    const file = {
      protected:
        'eyJhbGciOiJQQkVTMi1IUzUxMitBMjU2S1ciLCJwMnMiOiI4UTFTemluYXNSM3hjaFl6NlpaY0hBIiwicDJjIjo4MT' +
        'kyLCJjdHkiOiJqd2stc2V0K2pzb24iLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0',
      recipients: [{ encrypted_key: 'd3qNhUWfqheyPp4H8sjOWsDYajoej4c5Je6rlUtFPWdgtURtmeDV1g' }],
      iv: 'VBiCzVHNoLiR3F4V',
      ciphertext: 'AAAA',
      tag: '0HlwodAhOCILG5SQ2LQ9dg',
    };
    expect(() => parseJwe(JSON.stringify(file), 'the file')).toThrow(
      /"A128CBC-HS256", which is not accepted/,
    );
  });

  it('parseJwe refuses the compressed content of RFC 7520 §5.9', () => {
    const file = {
      protected:
        'eyJhbGciOiJBMTI4S1ciLCJraWQiOiI4MWIyMDk2NS04MzMyLTQzZDktYTQ2OC04MjE2MGFkOTFhYzgiLCJlbmMiOi' +
        'JBMTI4R0NNIiwiemlwIjoiREVGIn0',
      encrypted_key: '5vUT2WOtQxKWcekM_IzVQwkGgzlFDwPi',
      iv: 'p9pUq6XHY0jfEZIl',
      ciphertext: 'HbDtOsdai1oYziSx25KEeTxmwnh8L8jK',
      tag: 'VILuUwuIxaLVmh5X-T7kmA',
    };
    expect(() => parseJwe(JSON.stringify(file), 'the file')).toThrow(/compressed/);
  });

  it('openEnvelope refuses all of RFC 7520 §5.13 because of its RSA1_5 recipient', async () => {
    const file = {
      recipients: [
        {
          encrypted_key: 'dYOD28kab0Vvf4ODgxVAJXgHcSZICSOp8M51zjwj4w6Y',
          header: { alg: 'RSA1_5', kid: 'frodo.baggins@hobbiton.example' },
        },
        {
          encrypted_key: 'a7CclAejo_7JSuPB8zeagxXRam8dwCfmkt9-WyTpS1E',
          header: {
            alg: 'A256GCMKW',
            kid: '18ec08e1-bfa9-4d95-b205-2b4dd1d4321d',
            tag: '59Nqh1LlYtVIhfD3pgRGvw',
            iv: 'AvpeoPZ9Ncn9mkBn',
          },
        },
      ],
      unprotected: { cty: 'text/plain' },
      protected: Buffer.from('{"enc":"A256GCM"}').toString('base64url'),
      iv: 'VgEIHY20EnzUtZFl',
      ciphertext: 'AAAA',
      tag: 'BESYyFN7T09KY7i8zKs5_g',
    };
    const open = openEnvelope(
      JSON.stringify(file),
      { keys: parseKeys(cookbookKey, 'the key'), absent: [] },
      { context: undefined, where: 'the file' },
    );
    await expect(open).rejects.toThrow(/"RSA1_5", which is not accepted/);
  });

  it('parseKeys names a nameless key by its thumbprint of RFC 7638', () => {
    const k = Buffer.alloc(32, 7).toString('base64url');
    const [key] = parseKeys(k, 'the key');
    expect(key?.kid).toBe(thumbprint(`{"k":"${k}","kty":"oct"}`));
  });
});

const thumbprint = (json: string): string => createHash('sha256').update(json).digest('base64url');
