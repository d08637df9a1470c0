// What a source gets with each request: a Call. Used by attempts.ts. Ids and signals are made on first use,
// because most sources read neither.

import { randomUUID } from 'node:crypto';
import type { ConfigError } from '../../errors.ts';
import type { Call } from '../port.ts';

/** The id of a request, the same in every attempt. Generated on first use. */
export class RequestId {
  #id: string | undefined;
  get(): string {
    return (this.#id ??= randomUUID());
  }
}

/** The Call of one attempt. Its AbortController is created on the first use of `signal`. */
export class Attempt implements Call {
  readonly #id: RequestId;
  readonly notice: Call['notice'];
  declare readonly version?: string;
  #controller: AbortController | undefined;
  #reason: ConfigError | undefined;

  constructor(id: RequestId, notice: Call['notice'], version: string | undefined) {
    this.#id = id;
    this.notice = notice;
    if (version !== undefined) this.version = version;
  }

  get id(): string {
    return this.#id.get();
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  cancel(reason: ConfigError): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
