// What the sources of AWS stores share: the connection, and the conversion of names into keys. Extended by
// `ssm/source.ts` and `secrets-manager/source.ts`.

import type { ConfigError } from '../../errors.ts';
import { keyFrom } from '../../key.ts';
import { incomplete, skippedName } from '../../remote/findings.ts';
import type { Call, Place } from '../../shelter/port.ts';
import type { Key } from '../../value.ts';
import type { AwsConnection } from './connection.ts';

export abstract class AwsSource {
  readonly name: string;
  protected readonly aws: AwsConnection;

  constructor(name: string, aws: AwsConnection) {
    this.name = name;
    this.aws = aws;
  }

  get address(): string | undefined {
    return this.aws.address;
  }

  relogin(): boolean {
    return this.aws.relogin();
  }

  get credentialVersion(): number {
    return this.aws.credentialVersion;
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

  /** The list in a page. AWS sends one even if it is empty: a response without a list comes from another
   *  server, and must not make anything absent. */
  protected listIn<T>(list: readonly T[] | undefined, resource: string): readonly T[] {
    if (Array.isArray(list)) return list;
    throw incomplete(this.name, `${resource}: the response has no list`);
  }

  /** The place of a name below `root`, or none with a notice if the name is not a valid key. */
  protected placeOf(name: string, root: string, option: string, call: Call): Place[] {
    const key = keyBelow(root, name);
    if (key !== undefined) return [{ key, document: name, field: '' }];
    call.notice(skippedName(this.name, name, option), 'invalid_key');
    return [];
  }
}

/** The documents of one request in one short phrase, for messages. */
export function summaryOf([first = '', ...more]: readonly string[]): string {
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
