const { stdout, env } = process;
const coloured = stdout.isTTY && !env.NO_COLOR && env.TERM !== 'dumb';
const paint = (code: number, text: string): string => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

let first = true;
export function heading(text: string): void {
  console.log(`${first ? '' : '\n'}${paint(1, text)}`);
  first = false;
}

/** Prints columns as wide as their widest cell. The last column is dimmed. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  for (const row of rows) {
    const last = row.length - 1;
    const cells = row.map((cell, i) => (i < last ? cell.padEnd(widths[i] ?? 0) : paint(2, cell)));
    console.log(`  ${cells.join('  ')}`);
  }
}
