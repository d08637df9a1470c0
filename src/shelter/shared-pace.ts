// The port of a pace that several processes keep together: the option `limits.shared`. Implemented by
// extensions and users. Called by request/shared-turns.ts, which copes with one that is late or fails.

/** A pace that several processes keep together, such as that of an account at the store. */
export interface SharedPace {
  /** Takes up to `turns` of `perSecond` turns a second, for all who share the pace. Returns how many there
   *  are, and in how many milliseconds they start. May reject, or take long: then this process goes on with
   *  its share. */
  take(turns: number, perSecond: number): Promise<{ readonly turns: number; readonly waitMs: number }>;
  /** The number of processes that share the pace, as far as it is known. */
  readonly processes: number;
}
