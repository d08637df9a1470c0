// The lines in which two texts differ, for `prompts diff`. A longest common subsequence, because prompts are
// short: a hundred lines are ten thousand comparisons.

/** A line of a comparison. */
export interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

const mostCells = 4_000_000;

/** Compares line by line: all lines, in their order, with what was taken out before what was added. */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  if (a.length * b.length > mostCells)
    return [
      ...a.map((line) => ({ sign: '-' as const, line })),
      ...b.map((line) => ({ sign: '+' as const, line })),
    ];
  const width = b.length + 1;
  // the length of the longest common subsequence of what follows
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        a[i] === b[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: ' ', line: a[i] as string });
      i++;
      j++;
    } else if (
      i < a.length &&
      (j >= b.length || (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0))
    )
      lines.push({ sign: '-', line: a[i++] as string });
    else lines.push({ sign: '+', line: b[j++] as string });
  }
  return lines;
}
