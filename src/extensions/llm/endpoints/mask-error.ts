// Masks the credentials of an endpoint in an error that a caller gets: OpenAI's 401 quotes the key. The error
// stays the client's own, so `instanceof` works; what it quotes is replaced in place.

import { MASK } from '../../../redact.ts';

/** `sk-ab***yz`, a key that the vendor has masked in part. */
const partlyMasked = /[\w-]*\*{3,}[\w-]*/g;
const deepest = 6;
const mostObjects = 1_000;

/** Replaces what an error quotes of the secrets, also in its causes and fields. Never throws. */
export function maskError(error: unknown, secrets: readonly string[]): unknown {
  if (typeof error === 'string') return maskText(error, secrets);
  const needles = secrets
    .filter((text) => text.length >= 4)
    .flatMap((text) => [text, encodeURIComponent(Buffer.from(text).toString())]);
  const seen = new Set<object>();
  const visit = (value: object, depth: number): void => {
    if (seen.has(value) || depth > deepest || seen.size > mostObjects) return;
    seen.add(value);
    for (const name of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, name);
      if (!property || !('value' in property)) continue;
      const inner: unknown = property.value;
      if (typeof inner === 'string') {
        const masked = maskText(inner, needles);
        if (masked !== inner)
          attempt(() => Object.defineProperty(value, name, { ...property, value: masked }));
      } else if (typeof inner === 'object' && inner !== null) visit(inner, depth + 1);
    }
  };
  if (typeof error === 'object' && error !== null) attempt(() => visit(error, 0));
  return error;
}

function maskText(text: string, needles: readonly string[]): string {
  let masked = text.includes('***') ? text.replace(partlyMasked, MASK) : text;
  for (const needle of needles)
    if (needle && masked.includes(needle)) masked = masked.replaceAll(needle, MASK);
  return masked;
}

const attempt = (change: () => void): void => {
  try {
    change();
  } catch {
    // a frozen error, or a proxy
  }
};
