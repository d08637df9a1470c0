// The operations that are being audited. Used by `audited`, so that a chain and its providers with the
// same log make one entry of an operation, and by `listen`, so that its events make none.

import type { Operation } from '../../interception.ts';

/** What an audit of an operation records: writes, the handing over of secrets, or of everything. */
export type Coverage = 'writes' | 'secrets' | 'all';

export class OpenOperations {
  readonly #open = new Map<string, Set<Coverage>>();
  /** How many are open within each outermost operation. */
  readonly #outermost = new Map<string, number>();

  /** Begins an operation; the result ends it. `undefined`: an audit around it records it. */
  enter({ id, parent, operation }: Operation, coverage: Coverage): (() => void) | undefined {
    if ([id, parent, operation].some((one) => one !== undefined && this.#isCovered(one, coverage)))
      return undefined;
    const own = this.#open.get(id) ?? new Set();
    this.#open.set(id, own.add(coverage));
    this.#outermost.set(operation, (this.#outermost.get(operation) ?? 0) + 1);
    return () => {
      own.delete(coverage);
      if (own.size === 0) this.#open.delete(id);
      const left = (this.#outermost.get(operation) ?? 1) - 1;
      if (left > 0) this.#outermost.set(operation, left);
      else this.#outermost.delete(operation);
    };
  }

  /** Whether something within an outermost operation is being audited. */
  isOpen(operation: string | undefined): boolean {
    return operation !== undefined && this.#outermost.has(operation);
  }

  #isCovered(id: string, coverage: Coverage): boolean {
    const open = this.#open.get(id);
    return open !== undefined && (open.has(coverage) || (coverage === 'secrets' && open.has('all')));
  }
}
