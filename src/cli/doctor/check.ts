/** One line of `doctor`. */
export interface Check {
  readonly name: string;
  readonly found: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly expected?: string;
  /** What to do, as an imperative. */
  readonly hint?: string;
}
