import { randomUUID } from 'node:crypto';
import type { ConfigError } from '../../errors.ts';
import type { Call } from '../port.ts';

/** Made only when somebody looks at it; the same in every attempt. */
export class RequestId {
  #id: string | undefined;
  get(): string {
    return (this.#id ??= randomUUID());
  }
}

/** The AbortController exists only when somebody asks for the signal. */
export class Attempt implements Call {
  readonly #id: RequestId;
  declare readonly version?: string;
  #controller: AbortController | undefined;
  #why: ConfigError | undefined;

  constructor(id: RequestId, version: string | undefined) {
    this.#id = id;
    if (version !== undefined) this.version = version;
  }

  get id(): string {
    return this.#id.get();
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#why) this.#controller.abort(this.#why);
    }
    return this.#controller.signal;
  }

  cancel(why: ConfigError): void {
    this.#why = why;
    this.#controller?.abort(why);
  }
}
