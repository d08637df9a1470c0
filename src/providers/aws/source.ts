import { ConfigError, type ErrorCode } from '../../errors.ts';
import { keyFrom } from '../../key.ts';
import { quoted } from '../../redact.ts';
import { wrongServerHint } from '../../remote/network.ts';
import type { Place } from '../../shelter/port.ts';
import type { Key } from '../../value.ts';
import type { AwsConnection } from './connection.ts';

/** What the stores of AWS have in common: a connection, and names of which some are keys. */
export abstract class AwsSource {
  readonly name: string;
  protected readonly aws: AwsConnection;
  #notice: (message: string, outcome?: ErrorCode) => void = () => {};

  constructor(name: string, aws: AwsConnection) {
    this.name = name;
    this.aws = aws;
  }

  onNotice(tell: (message: string, outcome?: ErrorCode) => void): void {
    this.#notice = tell;
  }

  renew(): boolean {
    return this.aws.renew();
  }

  load(): Promise<void> {
    return this.aws.load();
  }

  classify(error: unknown): ConfigError {
    return this.aws.classify(error);
  }

  async close(): Promise<void> {
    this.aws.close();
  }

  protected notice(message: string, outcome: ErrorCode): void {
    this.#notice(message, outcome);
  }

  /** A page's list, which stands there also when it is empty: what comes without one is not from AWS, and nothing is absent by it. */
  protected listIn<T>(said: readonly T[] | undefined, resource: string): readonly T[] {
    if (Array.isArray(said)) return said;
    throw new ConfigError('unavailable', `${this.name}: ${resource}: the answer holds no list`, {
      provider: this.name,
      hint: wrongServerHint,
    });
  }

  /** The place of what is called `name` below `root`. None: no key is spelled like that; `option` can name it all the same. */
  protected placeOf(name: string, root: string, option: string): Place[] {
    const key = keyBelow(root, name);
    if (key !== undefined) return [{ key, document: name, field: '' }];
    this.#notice(
      `${this.name}: ${quoted(name)} is left out: its name is no key. Name it in the option ${option}`,
      'invalid_key',
    );
    return [];
  }
}

/** Documents of one request, for messages. */
export function together([first = '', ...more]: readonly string[]): string {
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

function keyBelow(root: string, name: string): Key | undefined {
  const names = name.slice(root.length).split('/');
  if (!name.startsWith(root) || names.includes('') || /[\p{Cc}\p{Cf}]/u.test(name)) return undefined;
  try {
    return keyFrom(names);
  } catch {
    return undefined;
  }
}
