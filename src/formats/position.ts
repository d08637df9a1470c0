// Positions in a text. The scanners return offsets (Spot); messages print lines and columns (Position).

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The offset of a value in a text. `inside`: the values of a section by name, or of a list by index. */
export interface Spot {
  offset: number;
  inside?: Map<string, Spot>;
}

/** The line and column of an offset, counted from 1. */
export function positionOf(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { line, column: offset - start + 1 };
}

/** Returns a function that finds positions by path. `find` runs on its first call, and so does the search for
 *  line ends. */
export function positions(text: string, find: () => Spot): (path: readonly string[]) => Position | undefined {
  let root: Spot | undefined;
  let starts: number[] | undefined;
  return (path) => {
    root ??= find();
    let spot: Spot | undefined = root;
    for (const name of path) spot = spot?.inside?.get(name);
    if (!spot) return undefined;
    starts ??= lineStarts(text);
    let low = 0;
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= spot.offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: spot.offset - (starts[low] as number) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}
