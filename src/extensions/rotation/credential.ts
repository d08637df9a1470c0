// The credential in a stored secret: which fields of the secret a rotation changes. All other fields are
// kept, such as the host. Used by step.ts.

import { ConfigError } from '../../errors.ts';
import { dig } from '../../internal/dig.ts';
import { keyOf, segments } from '../../key.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key, sameValue } from '../../value.ts';
import type { RotateOptions } from './options.ts';
import type { Credential, RotationTarget } from './target.ts';

/** Reads and writes credentials of one target in the secrets of one store. */
export class Credentials {
  readonly #owner: string;
  readonly #target: RotationTarget;
  /** The fields of the credential, each with its key in the stored secret: `{ user: 'username' }`. */
  readonly #fields: Readonly<Record<string, Key>>;
  /** Whether a secret that is a text is the credential itself. */
  readonly #canBeText: boolean;

  constructor(owner: string, target: RotationTarget, fields: RotateOptions['fields']) {
    const unknown = Object.keys(fields ?? {}).find((name) => !target.fields.includes(name));
    if (unknown !== undefined)
      throw new ConfigError('invalid_option', `${owner}: fields names ${JSON.stringify(unknown)}`, {
        hint: `The fields of this target are ${target.fields.join(', ')}`,
      });
    this.#owner = owner;
    this.#target = target;
    this.#fields = Object.fromEntries(target.fields.map((name) => [name, keyOf(fields?.[name] ?? name)]));
    this.#canBeText = fields === undefined && target.fields.length === 1;
  }

  /** The credential in a secret.
   *  @throws ConfigError `validation` if a field is missing or is not a text */
  in(secret: ConfigValue): Credential {
    if (typeof secret === 'string' && this.#canBeText) return { [this.#target.fields[0] as string]: secret };
    return Object.fromEntries(
      Object.entries(this.#fields).map(([name, key]) => {
        const value = isTree(secret) ? dig(secret, key) : undefined;
        if (typeof value === 'string') return [name, value];
        throw new ConfigError('validation', `${this.#owner}: the secret has no text at "${key}"`, {
          hint: 'Write the whole credential into the secret once, or name its fields with the option fields',
        });
      }),
    );
  }

  /** A secret with another credential. Keeps all other fields. */
  replaced(secret: ConfigValue, credential: Credential): ConfigValue {
    this.#check(credential);
    if (!isTree(secret)) return credential[this.#target.fields[0] as string] as string;
    return Object.entries(this.#fields).reduce<ConfigTree>(
      (tree, [name, key]) => withLeaf(tree, segments(key), credential[name] as string),
      secret,
    );
  }

  /** Whether the two are credentials of the same account, so that one cannot be revoked alone. */
  isSameAccount(one: Credential, other: Credential): boolean {
    const identity = this.#target.overlap ? this.#target.identity : undefined;
    return sameValue(one, other) || (identity !== undefined && one[identity] === other[identity]);
  }

  #check(credential: Credential): void {
    const isSound = this.#target.fields.every((name) => {
      const value: unknown = credential[name];
      return typeof value === 'string' && value !== '';
    });
    if (isSound) return;
    throw new ConfigError('validation', `${this.#owner}: the target made a credential without all fields`, {
      hint: `Return an object with the texts ${this.#target.fields.join(', ')}`,
    });
  }
}

function withLeaf(tree: ConfigTree, [name, ...below]: readonly string[], value: string): ConfigTree {
  const inner = tree[name as string];
  const next = below.length === 0 ? value : withLeaf(isTree(inner) ? inner : {}, below, value);
  return { ...tree, [name as string]: next };
}
