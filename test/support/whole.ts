import { createHash } from 'node:crypto';
import { z } from 'zod';

/** A configuration with a checksum, which is wrong if values of two generations are mixed. */
export const Whole = z.object({ number: z.number(), items: z.array(z.string()), sum: z.string() });

const sumOf = (number: number, items: readonly string[]): string =>
  createHash('sha1').update(`${number} ${items.join()}`).digest('hex');

export function wholeText(number: number): string {
  const items = Array.from({ length: 50 }, (_, i) => `item ${number}-${i}`);
  return JSON.stringify({ number, items, sum: sumOf(number, items) });
}

export const isWhole = ({
  number,
  items,
  sum,
}: {
  readonly number: number;
  readonly items: readonly string[];
  readonly sum: string;
}): boolean => items.length === 50 && sumOf(number, items) === sum;
