// Why a variable that is set does not set a key: its name is spelled another way, it is empty, or it names a
// file. Variables keeps one, for `where`. Compares names only and never sees a value.

import { isPlatformName } from '../platform-names.ts';
import type { Key } from '../value.ts';
import { looseKeyOf } from './loose-keys.ts';
import type { VariableNames } from './variable-names.ts';

/** What a source knows of its variables besides their values. */
export interface SetNames {
  readonly all: ReadonlySet<string>;
  /** Those that are set, but empty, and count as absent. */
  readonly empty: ReadonlySet<string>;
  /** True if the source does not read files that variables with the suffix `_FILE` name. */
  readonly ignoresFiles?: boolean;
  /** What to say of every place, if the source has no variables at all. */
  readonly nothing?: string | undefined;
  /** Whether a variable belongs to the platform and is not used unless it is mapped. */
  readonly ofPlatform?: ((name: string) => boolean) | undefined;
  /** Variables that announce a service of Kubernetes. */
  readonly links: ReadonlySet<string>;
}

const isHarmless = (name: string): boolean => /^[\p{L}\p{N}_.:/-]{1,120}$/u.test(name);
/** Letters and digits only: all spellings of a name have the same. */
const bare = (name: string): string => name.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();

/** Finds the variable that was probably meant to set a key. */
export class OtherSpellings {
  readonly #names: VariableNames;
  readonly #set: SetNames;
  /** Comparisons that are left: 200,000 take 50 milliseconds. */
  #left = 200_000;
  #byBare: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(names: VariableNames, set: SetNames) {
    this.#names = names;
    this.#set = set;
  }

  /** The exact name of a key, if it is set. */
  setNames(key: Key): string[] | undefined {
    const names = this.#names.namesFor(key, true);
    return names.some((name) => this.#set.all.has(name)) ? names : undefined;
  }

  /** A remark on a variable that would set a key, in the form that `where` has: `fact` or `fact: remedy`. */
  remarkOn(name: string, key: Key): string {
    const text = this.#textOn(name, key);
    return text === undefined ? '' : ` (${text})`;
  }

  #textOn(name: string, key: Key): string | undefined {
    const { all, empty, ignoresFiles, nothing, ofPlatform, links } = this.#set;
    if (name.includes('#')) return undefined; // a key inside the JSON of a variable
    if (ofPlatform?.(name) && !this.#names.isMapped(name))
      return all.has(name)
        ? `${name} is set and is not used for "${key}": name it in variables`
        : 'a name of the platform: name another variable in variables';
    if (links.has(name)) {
      const [exact] = this.#names.namesFor(key, true);
      const instead = exact === undefined || exact === name ? '' : `, or set ${exact}`;
      return `${name} is a Kubernetes service link: set enableServiceLinks: false in the pod${instead}`;
    }
    if (empty.has(name)) return 'set, but empty';
    if (ignoresFiles) {
      const file = [name, ...this.#names.namesFor(key, true)]
        .map((one) => `${one}_FILE`)
        .find((one) => all.has(one));
      if (file !== undefined) return `${file} is set: set the option fileSuffix to '_FILE'`;
    }
    const other = this.#otherSpelling(name);
    return other === undefined ? nothing : `${other} is set: ${this.#remedy(name, other)}`;
  }

  #remedy(name: string, other: string): string {
    const { prefix, separator } = this.#names;
    const parts = other.split(separator);
    const theirs = parts
      .map((_, n) => parts.slice(0, n).join(separator))
      .find((start) => start !== '' && start !== prefix && bare(start) === bare(prefix ?? ''));
    return theirs === undefined
      ? `rename ${other} to ${name}, or name it in the option variables`
      : `set the option prefix to '${theirs}'`;
  }

  #otherSpelling(name: string): string | undefined {
    const { prefix } = this.#names;
    const byBare = this.#candidates();
    const whole = bare(name);
    const inner = prefix !== undefined && name.startsWith(prefix) ? bare(name.slice(prefix.length)) : '';
    // `PATH` is not `APP_PATH` without its prefix
    const isUsual = isPlatformName(inner.toUpperCase());
    const same = [whole, isUsual ? '' : inner].flatMap((one) => byBare.get(one) ?? []);
    return same.find((other) => other !== name) ?? this.#oneOff(whole);
  }

  /** A variable with one more, one less or another letter. A name that begins with the prefix is left to the
   *  report, which knows the keys of the schema. Another digit is another name: `NODE1`, `NODE2`. */
  #oneOff(whole: string): string | undefined {
    this.#left -= this.#candidates().size;
    if (whole.length < 5 || this.#left < 0) return undefined;
    const digits = (text: string): string => text.replace(/\P{N}/gu, '');
    for (const [other, names] of this.#candidates())
      if (isOneOff(whole, other) && digits(whole) === digits(other)) {
        const found = names.find((name) => looseKeyOf(name, this.#names)?.loose !== 'always');
        if (found !== undefined) return found;
      }
    return undefined;
  }

  #candidates(): ReadonlyMap<string, readonly string[]> {
    if (this.#byBare) return this.#byBare;
    const byBare = new Map<string, string[]>();
    for (const name of this.#set.all) {
      if (!isHarmless(name) || this.#names.isMapped(name) || bare(name) === '') continue;
      byBare.set(bare(name), [...(byBare.get(bare(name)) ?? []), name]);
    }
    this.#byBare = byBare;
    return byBare;
  }
}

/** Whether two texts differ by one inserted, removed or replaced letter, or by two that are swapped. */
function isOneOff(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const [restA, restB] = [a.slice(start, endA), b.slice(start, endB)];
  return (
    Math.max(restA.length, restB.length) === 1 ||
    (restA.length === 2 && restB === [...restA].reverse().join(''))
  );
}
