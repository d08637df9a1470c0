import type { Dialect } from './dialect.ts';

/** The formats in `Invalid URL`, of zod 3 and 4. */
const formats =
  'input|ur[li]|email(?: address)?|uuid(?:v\\d)?|guid|emoji|nanoid|cuid2?|ulid|xid|ksuid|jwt|mac address|' +
  '(?:iso )?(?:datetime|date|time|duration)|ip|cidr|ipv[46] (?:address|range)|(?:lower|upper)case|' +
  'base64(?:url)?(?:-encoded string)?|json string|e\\.164 number|hostname|hex(?: string)?|credit card number';
/** How the messages of zod 3 and 4 begin, in English. In another language, all count as the author's. */
const defaults = new RegExp(
  `^(?:${[
    `Required$|Invalid(?: (?:${formats}))?$`,
    'Invalid (?:input|option|enum value|literal value|discriminator value)(?::|\\.|,) (?:expected|must) ',
    'Invalid (?:string|number): must |Invalid (?:key|value|element) in |Too (?:small|big): expected ',
    'Unrecognized keys?(?:\\(s\\) in object)?: |Expected .{1,200}, received |Input not instance of ',
    '(?:String|Array|Set) must contain |(?:Number|BigInt|Date) must be |Intersection results ',
  ].join('|')})`,
  'i',
);

/** Issues of zod 3 and 4. */
export const zod: Dialect = {
  isDefault: (_, message) => defaults.test(message),
  // "Invalid input: expected string, received number"
  quote: /,\s*received\b[\s\S]*$/i,
  details: ({ code, keys, errors }, read) => ({
    ...(code === 'custom' && { custom: true }),
    ...(Array.isArray(keys) && { unknownNames: keys.map(String) }),
    // one list of issues for each alternative; zod 3 has another format, so its unions are reported as a
    // whole
    ...(code === 'invalid_union' &&
      Array.isArray(errors) && { alternatives: errors.filter(Array.isArray).map((one) => one.map(read)) }),
  }),
};
