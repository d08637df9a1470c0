// The abilities of the conformance suite, and which of them are methods. Used by `describeProvider` and
// `describeShelter`.

/** Abilities that a provider or its backend may lack. A suite lists those it lacks in `without`, each
 *  with a reason. */
export const abilities = {
  types: 'numbers, booleans and lists keep their type',
  null: 'null is a value',
  empty: 'an empty string is a value',
  anyText: 'a string may contain quotes, line breaks and any Unicode character',
  spelling: 'keys that differ only in case, - or _ are different keys',
  batch: 'getMany',
  where: 'where',
  write: 'set and delete',
  watch: 'watch',
  refresh: 'refresh',
  renew: 'renew',
  health: 'health',
  change: 'the backend can be changed behind the provider',
  notice: 'a watching provider notices a change behind it',
  faults: 'the backend can be made to fail in any way',
  denied: 'the backend can deny access',
  unavailable: 'the backend can be unavailable',
  throttled: 'the backend can throttle',
  hang: 'the backend can accept a request and never respond',
  garbage: 'the backend can respond with data that cannot be parsed',
  closing: 'closing the backend can fail',
  versions: 'versions, and a read of a version',
  compares: 'the backend compares versions when it writes',
  expiry: 'values of the backend can expire',
  damage: 'a single key can exist and be unreadable',
} as const;

/** The name of an ability. */
export type Ability = keyof typeof abilities;

/** The abilities that are left out, each with a reason that completes the sentence "left out, because …".
 *  @example
 *  const without: Without = { write: 'the store is read-only', expiry: 'values do not expire' }; */
export type Without = { readonly [A in Ability]?: string };

/** Abilities that are methods. A provider that has one of these methods cannot leave the ability out. */
export const methods: { readonly [A in Ability]?: readonly string[] } = {
  batch: ['getMany'],
  where: ['where'],
  write: ['set', 'delete'],
  watch: ['watch'],
  refresh: ['refresh'],
  renew: ['renew'],
  health: ['health'],
  versions: ['versions'],
};

const faultAbilities: readonly Ability[] = [
  'denied',
  'unavailable',
  'throttled',
  'hang',
  'garbage',
  'closing',
  'damage',
];

/** The reason why `ability` is left out, if any. A reason for `faults` applies to every kind of fault. */
export function reasonAgainst(ability: Ability, without: Without): string | undefined {
  return without[ability] ?? (faultAbilities.includes(ability) ? without.faults : undefined);
}
