/** What not every provider or backend can do. Whatever is left out of a suite stands in `without`, with its reason. */
export const abilities = {
  types: 'numbers, booleans and lists are kept as such',
  null: 'null is a value',
  empty: 'an empty text is a value',
  anyText: 'a text may hold quotes, line breaks and every letter there is',
  spelling: 'keys that differ in case, - or _ alone are different keys',
  batch: 'getMany',
  where: 'where',
  write: 'set and delete',
  watch: 'watch',
  refresh: 'refresh',
  health: 'health',
  change: 'the backend can be changed behind the provider',
  notice: 'a change behind the provider is noticed by itself while somebody watches',
  faults: 'the backend can be made to fail in any way at all',
  denied: 'the backend can deny',
  unavailable: 'the backend can be out of reach',
  throttled: 'the backend can throttle',
  hang: 'the backend can accept a request and never answer',
  garbage: 'the backend can answer what nobody understands',
  closing: 'the closing of the backend can fail',
  versions: 'a version of a key can be asked for',
  expiry: 'the backend has values that end',
  damage: 'one key can exist and be unreadable, alone',
} as const;

export type Ability = keyof typeof abilities;

/** Why an ability is left out, in words that finish the sentence “left out, because …”. */
export type Without = { readonly [A in Ability]?: string };

/** Abilities that are methods: a provider that has them cannot leave them out. */
export const methods: { readonly [A in Ability]?: readonly string[] } = {
  batch: ['getMany'],
  where: ['where'],
  write: ['set', 'delete'],
  watch: ['watch'],
  refresh: ['refresh'],
  health: ['health'],
};

const kinds: readonly Ability[] = [
  'denied',
  'unavailable',
  'throttled',
  'hang',
  'garbage',
  'closing',
  'damage',
];

/** Why `ability` is left out, if it is. `faults` stands for every kind of fault. */
export function reasonAgainst(ability: Ability, without: Without): string | undefined {
  return without[ability] ?? (kinds.includes(ability) ? without.faults : undefined);
}
