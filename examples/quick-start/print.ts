const { stdout, env } = process;
const coloured = stdout.isTTY && !env.NO_COLOR && env.TERM !== 'dumb';
const paint = (code: number, text: string): string => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

let first = true;
export function heading(text: string): void {
  console.log(`${first ? '' : '\n'}${paint(1, text)}`);
  first = false;
}

/** Columns as wide as their widest cell; the last one dimmed. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column < row.length - 1 ? cell.padEnd(widths[column] ?? 0) : paint(2, cell),
    );
    console.log(`  ${cells.join('  ')}`);
  }
}
