// The port between requests and their backend: what this folder asks of one, and what a request says about
// itself. This folder knows nothing of keys.

import type { ConfigError } from '../../errors.ts';
import type { Operations } from '../../operation.ts';
import type { Call } from '../port.ts';
import type { Trouble } from './breaker.ts';

/** What this storey needs to know of a backend to make requests to it. Every DocumentSource is one. */
export interface Backend {
  readonly name: string;
  /** The name of the host that requests go to. */
  readonly address?: string | undefined;
  /** Imports the client, outside every deadline. A failure is not remembered. */
  load?(): Promise<void>;
  /** Logs in: before the first request (`refused` is undefined) and after an `unauthenticated`. False:
   *  nothing new to try. */
  connect?(refused: ConfigError | undefined, call: Call): Promise<boolean>;
  /** Forgets refused credentials without a request. False: there is nothing to forget. */
  relogin?(refused: ConfigError): boolean;
  /** Changes when the backend has other credentials, or may have. */
  readonly credentialVersion?: number;
  /** Rebuilds a client's error, without values. */
  classify(error: unknown): ConfigError;
}

/** What a request is about, for events and traces, and which of its failures are retried. */
export interface RequestInfo {
  readonly type: 'read' | 'page' | 'versions' | 'write' | 'connect' | 'ping';
  readonly documents: number;
  readonly version?: string | undefined;
  /** The operations that wait for the request. Others may join while it is in flight. `again`: those that
   *  wait for the next attempt. */
  readonly operations?: (again?: boolean) => Iterable<Operations | undefined>;
  readonly retryIf: (error: ConfigError) => boolean;
  /** The deadline, where one is running already. */
  readonly endsAt?: number | undefined;
}

/** One attempt of a request. Returns undefined when nothing is left to ask for, else what went wrong with the
 *  rest. Throws what the client throws. */
export type Run = (call: Call) => Promise<Trouble | undefined>;
