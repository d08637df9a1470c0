// `${NAME}` and `${NAME:-default}` in the values of `.env` files. Used by dotenv-files.ts. Text is replaced
// by text and not read again; commands are never run. Depth and length are bounded, because references can
// multiply.

import type { ConfigError } from '../errors.ts';
import { holdsSealed } from '../sealed.ts';

/** A variable that may refer to others. */
export interface Template {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  /** References in it are not replaced. */
  readonly literal: boolean;
}

export interface Expanded {
  readonly value: string;
  /** The variable is secret or contains a secret one. */
  readonly secret: boolean;
}

const maxLength = 1024 * 1024;
const maxDepth = 100;
const reference = /\\\$\{|\$\{(?:([\w.-]+)(?::-([^${}]*))?\})?/g;

/** Returns a function that replaces the references in a variable; `\${` becomes a literal `${`. `find` looks
 *  up a name and must return the same object each time. `refuse` makes the error for a variable that cannot
 *  be expanded. */
export function expander<T extends Template>(
  find: (name: string) => T | undefined,
  refuse: (variable: T, what: string, hint: string) => ConfigError,
): (variable: T) => Expanded {
  const done = new Map<T, Expanded>();
  const stack: T[] = [];

  return function expand(variable: T): Expanded {
    const { name, value, literal } = variable;
    const known = literal ? variable : done.get(variable);
    if (known) return known;
    const from = stack.indexOf(variable);
    if (from >= 0) {
      const circle = [...stack.slice(from), variable].map((inCircle) => inCircle.name).join(' → ');
      throw refuse(variable, `${name} refers to itself: ${circle}`, 'Remove one of the references');
    }
    if (stack.push(variable) > maxDepth)
      throw refuse(variable, `${name} is behind a chain of ${maxDepth} references`, 'Shorten the chain');
    let { secret } = variable;
    let length = value.length;
    const replace = (whole: string, other: string | undefined, fallback: string | undefined): string => {
      if (whole.startsWith('\\')) return '${';
      if (other === undefined)
        throw refuse(
          variable,
          `${name} contains a \${ that does not begin a reference`,
          `Write \${NAME}, \${NAME:-default}, or \\\${ for a literal \${`,
        );
      const found = find(other);
      if (!found && fallback === undefined)
        throw refuse(
          variable,
          `${name} refers to ${other}, which is not set`,
          `Set ${other}, or write \${${other}:-default}`,
        );
      const expanded = found ? expand(found) : { value: '', secret: false };
      if (holdsSealed(expanded.value))
        throw refuse(
          variable,
          `${name} refers to ${other}, which is sealed`,
          `Seal the whole value of ${name} instead`,
        );
      if (expanded.value === '' && fallback !== undefined) return fallback;
      secret ||= expanded.secret;
      length += expanded.value.length;
      if (length > maxLength)
        throw refuse(
          variable,
          `${name} expands to more than a million characters`,
          'Shorten the values that it refers to',
        );
      return expanded.value;
    };
    const result = { value: value.replace(reference, replace), secret };
    stack.pop();
    done.set(variable, result);
    return result;
  };
}
