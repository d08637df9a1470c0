// "Did you mean …?": finds the name that a misspelled one means. Used by errors about options, keys and
// references, and by reports.

/** The candidate that a misspelled name most probably means: at most two edits away, one for short names. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = Math.min(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits < least && candidate !== name) [best, least] = [candidate, edits];
  }
  return best;
}

/** `nearest` for the many names of one report. Suggests nothing more after `limit` comparisons; 200,000 take
 *  half a second. */
export class Spelling {
  #left: number;

  constructor(limit = 200_000) {
    this.#left = limit;
  }

  nearest(name: string, candidates: ReadonlyMap<string, unknown>): string | undefined {
    this.#left -= candidates.size;
    return this.#left < 0 ? undefined : nearest(name, candidates.keys());
  }
}

/** Optimal string alignment: insertions, deletions, replacements and swapped neighbours count one each. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] as number) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}
