// One rule, compiled: whom, what and when it applies to. Used by rules.ts. A condition that fails closes the
// rule, whichever it is: it does not allow, and it denies.

import { ConfigError } from '../../errors.ts';
import type { Key } from '../../value.ts';
import { type CelCondition, compileCel, type Evaluate } from './cel.ts';
import { hoursOf } from './hours.ts';
import { keyPattern, spelledPattern } from './keys.ts';
import { networksOf } from './networks.ts';
import { type Action, type Ask, actions, type Caller, type Decision } from './policy.ts';

/** A rule as data. */
export interface Rule {
  /** Key patterns: `*` is one segment, `**` any number of segments, none included. */
  readonly keys: readonly Key[];
  /** Callers with one of these roles. @default every caller */
  readonly roles?: readonly string[];
  /** Callers with one of these roles are excepted. @default none */
  readonly unless?: readonly string[];
  /** @default every action */
  readonly actions?: readonly Action[];
  /** `true`: only secrets. `false`: only what is not a secret. What has not been read yet counts as a secret.
   *  @default both */
  readonly secret?: boolean;
  /** Only at these hours: `08:00-18:00 Europe/Berlin`. @default always */
  readonly hours?: string;
  /** Only from these networks: `10.0.0.0/8`. A caller without an address is in none. @default everywhere */
  readonly from?: readonly string[];
  /** Only if this is true. @default always */
  readonly when?: CelCondition;
  /** Whether the rule applies to configurations that load. `never`: only to calls of people. `start`: its
   *  `hours`, `from` and `when` are asked at the first load, and not at reloads. Required for a rule that has
   *  one of those and is about reading. @default a rule without those applies to loads */
  readonly loads?: 'never' | 'start';
}

/** Which callers have a role. */
export interface Roles {
  /** The ids of the callers with a role. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>;
  /** The attribute of a caller that lists more roles. */
  readonly attribute: string | undefined;
}

/** What a rule says. `until`: when that may change. */
export interface Applies {
  readonly applies: boolean;
  readonly until: number;
}

const never: Applies = Object.freeze({ applies: false, until: Number.POSITIVE_INFINITY });
const always: Applies = Object.freeze({ applies: true, until: Number.POSITIVE_INFINITY });

/** How many results of the first load a rule remembers. */
const maxHeld = 100_000;

export class CompiledRule {
  readonly decision: Decision;
  /** Whether the rule depends on more than the caller and the key. */
  readonly isConditional: boolean;
  readonly actions: ReadonlySet<Action>;
  readonly #effect: 'allow' | 'deny';
  readonly #matches: (key: Key) => boolean;
  readonly #spells: readonly ReturnType<typeof spelledPattern>[];
  readonly #roles: ReturnType<typeof membership> | undefined;
  readonly #unless: ReturnType<typeof membership> | undefined;
  readonly #secret: boolean | undefined;
  readonly #loads: Rule['loads'];
  readonly #hours: ReturnType<typeof hoursOf> | undefined;
  readonly #from: ReturnType<typeof networksOf> | undefined;
  readonly #condition: CelCondition | undefined;
  #when: Evaluate | undefined;
  /** What held at a first load: by caller, or by caller and key if the rule has `when`. */
  readonly #held = new Set<string>();

  /** @throws ConfigError for a rule that cannot be compiled */
  constructor(effect: 'allow' | 'deny', name: string, line: string, rule: Rule, roles: Roles) {
    const { keys, hours, from, when, loads } = rule;
    this.#effect = effect;
    this.decision = Object.freeze({ allow: effect === 'allow', rule: name, line });
    this.actions = new Set(rule.actions ?? actions);
    this.#matches = anyOf(keys.map(keyPattern));
    this.#spells = effect === 'deny' ? keys.map(spelledPattern) : [];
    this.#roles = rule.roles && membership(rule.roles, roles);
    this.#unless = rule.unless && membership(rule.unless, roles);
    this.#secret = rule.secret;
    this.#loads = loads;
    this.#hours = hours === undefined ? undefined : hoursOf(hours);
    this.#from = from && networksOf(from);
    this.#condition = when;
    this.isConditional = hours !== undefined || from !== undefined || when !== undefined;
    if (this.isConditional && loads === undefined && this.actions.has('read'))
      throw new ConfigError('invalid_option', 'a rule with hours, from or when must say what loads do', {
        hint: "Set loads: 'never' for calls of people only, or loads: 'start' to ask at the first load",
      });
  }

  /** Whether `when` has still to be compiled. */
  get isWaiting(): boolean {
    return this.#condition !== undefined && this.#when === undefined;
  }

  async compile(): Promise<void> {
    if (this.#condition) this.#when ??= await compileCel(this.#condition);
  }

  /** Whether the rule applies to a question about one of its `actions`. A condition that fails closes: it
   *  does not allow, and it denies. */
  applies(ask: Ask): Applies {
    if (!this.#concerns(ask)) return never;
    if (!this.isConditional) return always;
    const held = this.#loads === 'start' && ask.load !== undefined ? this.#heldBy(ask) : undefined;
    if (held !== undefined && ask.load === 'reload' && this.#held.has(held)) return always;
    const window = this.#hours?.(ask.now);
    const applies = window?.open !== false && this.#isFrom(ask) && this.#isTrue(ask);
    if (held !== undefined && ask.load === 'start' && applies && this.#held.size < maxHeld)
      this.#held.add(held);
    return { applies, until: window?.until ?? Number.POSITIVE_INFINITY };
  }

  /** Whether the rule is about a key and a caller: everything but its conditions. */
  #concerns(ask: Ask): boolean {
    if (ask.load !== undefined && this.#loads === 'never') return false;
    if (this.#secret !== undefined && this.#secret !== (ask.entry?.secret ?? true)) return false;
    const { context } = ask;
    const isDenial = this.#effect === 'deny';
    // unknown roles close the rule, as a condition that fails does
    if (this.#roles && !(context && (this.#roles(context) ?? isDenial))) return false;
    if (this.#unless && context && (this.#unless(context) ?? !isDenial)) return false;
    if (this.#matches(ask.key)) return true;
    const loose = ask.entry?.loose;
    return loose !== undefined && this.#spells.some((spells) => spells(ask.key, loose));
  }

  #heldBy({ context, key, action }: Ask): string {
    const caller = JSON.stringify(context?.id ?? null);
    return this.#condition ? `${caller} ${action} ${key}` : caller;
  }

  #isFrom({ context }: Ask): boolean {
    if (!this.#from) return true;
    // an unknown address is in no network that is allowed, and in each that is denied
    return this.#from(context?.ip) ?? this.#effect === 'deny';
  }

  #isTrue(ask: Ask): boolean {
    if (!this.#condition) return true;
    try {
      return this.#when?.(ask) ?? this.#effect === 'deny';
    } catch {
      return this.#effect === 'deny';
    }
  }
}

/** Whether a key matches one of several patterns. */
function anyOf(patterns: readonly ((key: Key) => boolean)[]): (key: Key) => boolean {
  const [first, second] = patterns;
  if (first && !second) return first;
  return (key) => {
    for (const matches of patterns) if (matches(key)) return true;
    return false;
  };
}

/** Whether a caller has one of several roles. Undefined if the attribute that lists them is not a list. */
function membership(
  names: readonly string[],
  { ids, attribute }: Roles,
): (caller: Caller) => boolean | undefined {
  const members = new Set(names.flatMap((name) => [...(ids.get(name) ?? [])]));
  const wanted = new Set(names);
  return (caller) => {
    if (members.has(caller.id)) return true;
    const more = (attribute === undefined ? undefined : caller[attribute]) ?? [];
    return Array.isArray(more) ? more.some((name) => wanted.has(name)) : undefined;
  };
}
