// Problems of a section `llm`, and what reports them. Used by check.ts, and by the checks of prompts and
// presets.

export type Path = readonly PropertyKey[];

/** A problem at a path. */
export interface Issue {
  readonly path: Path;
  readonly message: string;
}

export type Report = (path: Path, message: string) => void;

const mostOfOne = 20;

/** Reports the problems of one place: all of few, or the first of many and how many more there are. */
export function reportAll(path: Path, messages: readonly string[], report: Report): void {
  for (const message of messages.slice(0, mostOfOne)) report(path, message);
  const more = messages.length - mostOfOne;
  if (more > 0) report(path, `and ${more} more`);
}
