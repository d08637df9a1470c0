import type { ErrorCode } from './errors.ts';
import type { Key } from './key.ts';

/** The head that every event has. Keys, versions, times, ids and codes; never a value. */
export interface EventHead {
  readonly id: string;
  readonly time: number;
  readonly provider: string;
  readonly key?: Key;
  readonly layer: 'chain' | 'shelter' | 'provider' | 'config';
  readonly outcome: 'ok' | 'absent' | ErrorCode;
  readonly durationMs?: number;
  readonly version?: string;
}

export interface ConfigEventTypes {
  read: object;
  request: { readonly attempt: number; readonly documents: number };
  retry: { readonly attempt: number; readonly delayMs: number };
  breaker: { readonly state: 'closed' | 'open' | 'half-open' };
  stale: { readonly ageMs: number };
  tolerated: object;
  refreshed: object;
  refresh_failed: object;
  changed: { readonly keys?: readonly Key[] };
  rotated: object;
  denied: object;
  notice: { readonly message: string };
}

/** An open union: later modules add members to ConfigEventTypes. */
export type ConfigEvent = { [T in keyof ConfigEventTypes]: EventHead & { readonly type: T } & ConfigEventTypes[T] }[keyof ConfigEventTypes];
