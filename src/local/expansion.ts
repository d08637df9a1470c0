import type { ConfigError } from '../errors.ts';

/** A variable in whose text others may be named. */
export interface Template {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  /** Nothing is to be replaced in it. */
  readonly literal: boolean;
}

export interface Expanded {
  readonly value: string;
  /** It is secret, or holds a part of what is. */
  readonly secret: boolean;
}

const maxLength = 1024 * 1024;
const maxDepth = 100;
const reference = /\\\$\{|\$\{(?:([\w.-]+)(?::-([^${}]*))?\})?/g;

/** Replaces `${NAME}` and `${NAME:-default}`; `\${` stands for itself. `find` looks a name up, always to the same object; `refuse`
 *  makes the error for a variable that cannot be filled in. Nothing is ever run. */
export function expander<T extends Template>(
  find: (name: string) => T | undefined,
  refuse: (variable: T, what: string, hint: string) => ConfigError,
): (variable: T) => Expanded {
  const done = new Map<T, Expanded>();
  const open: T[] = [];

  return function expand(variable: T): Expanded {
    const { name, value, literal } = variable;
    const known = literal ? variable : done.get(variable);
    if (known) return known;
    const from = open.indexOf(variable);
    if (from >= 0) {
      const circle = [...open.slice(from), variable].map((one) => one.name);
      throw refuse(variable, `${name} refers to itself: ${circle.join(' → ')}`, 'Break the circle');
    }
    if (open.push(variable) > maxDepth)
      throw refuse(variable, `${name} is reached through ${maxDepth} others`, 'Refer to them directly');
    let { secret } = variable;
    let length = value.length;
    const fill = (whole: string, other: string | undefined, fallback: string | undefined): string => {
      if (whole.startsWith('\\')) return '${';
      if (other === undefined)
        throw refuse(
          variable,
          `${name} holds a \${ that is no reference`,
          `Write \${NAME}, \${NAME:-default}, or \\\${ for itself`,
        );
      const found = find(other);
      if (!found && fallback === undefined)
        throw refuse(
          variable,
          `${name} refers to ${other}, which is not set`,
          `Set it, or write \${${other}:-default}`,
        );
      const filled = found ? expand(found) : { value: '', secret: false };
      if (filled.value === '' && fallback !== undefined) return fallback;
      secret ||= filled.secret;
      length += filled.value.length;
      if (length > maxLength)
        throw refuse(variable, `${name} grows beyond a million characters`, 'Refer to less');
      return filled.value;
    };
    const text = value.replace(reference, fill);
    const expanded = { value: text, secret };
    open.pop();
    done.set(variable, expanded);
    return expanded;
  };
}
