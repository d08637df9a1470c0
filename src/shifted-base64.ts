// The base64 of a secret in the middle of other bytes. Used where texts are searched for secrets: by reports
// and by the command line.

/** The base64 of bytes that follow `shift` others, without the characters that depend on the neighbours. */
export function shiftedBase64(bytes: Buffer, shift: number): string {
  const first = Math.ceil((shift * 8) / 6);
  const last = Math.floor(((shift + bytes.length) * 8) / 6);
  return Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .slice(first, last);
}
