// A table of texts for the terminal. Used by `audit report`, `import`, `prompts lock`, `snapshot show` and
// `versions`.

/** Rows with aligned columns. A cell is one line, because a line break in it would look like a row. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  const cells = rows.map((row) => row.map((cell) => cell.replace(/[\p{Cc}\u2028\u2029]/gu, ' ')));
  for (const row of cells)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
