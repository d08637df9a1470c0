// One finding of `doctor`. The other files of doctor/ make them, and commands/doctor.ts prints them.

/** One line of `doctor`. */
export interface Check {
  readonly name: string;
  readonly found: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly expected?: string;
  /** What to do, as an imperative. */
  readonly hint?: string;
}
