// Problems of a section `llm`, and what reports one. Used by check.ts, and by the checks of prompts and
// presets.

export type Path = readonly PropertyKey[];

/** A problem at a path. */
export interface Issue {
  readonly path: Path;
  readonly message: string;
}

export type Report = (path: Path, message: string) => void;
