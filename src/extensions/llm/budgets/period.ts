// The periods of budgets: calendar months and days of UTC. Used by budget.ts.

/** A period of a budget. */
export interface Period {
  /** `2026-12`, or `2026-12-24`. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/** The period at a time. */
export function periodAt(time: number, isMonthly: boolean): Period {
  const date = new Date(time);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  return {
    name: date.toISOString().slice(0, isMonthly ? 7 : 10),
    endsAt: isMonthly ? Date.UTC(year, month + 1) : Date.UTC(year, month, day + 1),
  };
}
