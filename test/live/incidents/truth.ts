// What the stores hold, and the verdict on an answer. Each value contains its key and its version, and a file
// below the stores has `DEFAULT-…` for every secret. So an answer for another key, an answer from the future
// and a fall-through can be recognised by themselves.

export type Verdict =
  | 'right'
  /** An older version than the newest one at the start of the read. */
  | 'stale'
  /** The default that the file has for a secret. */
  | 'default'
  | 'wrong';

/** Documents of Vault, with the fields `x` and `y`, and parameters of SSM. */
export const vaultDocuments = ['a', 'b', 'c', 'd'];
export const parameters = ['a', 'b', 'c', 'd', 'e', 'f'];
export const fields = ['x', 'y'];

export const vaultKeys = vaultDocuments.flatMap((name) => fields.map((field) => `v.${name}.${field}`));
export const ssmKeys = parameters.map((name) => `s.${name}`);
export const fileKeys = ['f.a', 'f.b'];
export const envKeys = ['e.a'];
export const leaseKeys = ['lease.username', 'lease.password'];
/** The keys whose values have a version. */
export const versionedKeys = [...vaultKeys, ...ssmKeys];
export const allKeys = [...versionedKeys, ...fileKeys, ...envKeys, ...leaseKeys];

export const defaultOf = (key: string): string => `DEFAULT-${key}`;
export const versioned = (key: string, version: number): string => `${key}@${version}`;
const versionIn = (value: unknown): number => Number(/@(\d+)$/.exec(String(value))?.[1] ?? -1);
/** `v` of `v.a.x`. */
export const groupOf = (key: string): string => key.slice(0, key.indexOf('.'));

export class Truth {
  /** By key. `issued`: the version that is being written. `written`: when each version was acknowledged. */
  readonly #versions = new Map<string, { issued: number; readonly written: number[] }>();
  readonly #passwords = new Map<unknown, unknown>();

  /** The version to write. */
  next(key: string): number {
    const known = this.#versions.get(key) ?? { issued: 0, written: [0] };
    known.issued++;
    this.#versions.set(key, known);
    return known.issued;
  }

  wrote(key: string, version: number): void {
    const written = this.#versions.get(key)?.written;
    if (written) written[version] = performance.now();
  }

  /** The newest acknowledged version. 0 for the keys of the file and of the environment. */
  newest(key: string): number {
    return (this.#versions.get(key)?.written.length ?? 1) - 1;
  }

  /** For how long the version in `value` has not been the newest one. */
  ageMs(key: string, value: unknown): number {
    const next = this.#versions.get(key)?.written[versionIn(value) + 1];
    return next === undefined ? 0 : performance.now() - next;
  }

  /** `newest`: the newest version at the start of the read. */
  judge(key: string, value: unknown, newest: number): Verdict {
    if (value === defaultOf(key)) return 'default';
    if (groupOf(key) === 'lease') return typeof value === 'string' && value !== '' ? 'right' : 'wrong';
    const version = versionIn(value);
    if (value !== versioned(key, version)) return 'wrong';
    if (version > (this.#versions.get(key)?.issued ?? 0)) return 'wrong';
    return version < newest ? 'stale' : 'right';
  }

  /** Whether a user name and a password belong to the same lease. */
  isPair(username: unknown, password: unknown): boolean {
    const known = this.#passwords.get(username);
    if (known === undefined) this.#passwords.set(username, password);
    return known === undefined || known === password;
  }
}
