// Networks of addresses in rules: `10.0.0.0/8`, `2001:db8::/32`, or one address. Used by rule.ts.

import { BlockList, isIP } from 'node:net';
import { ConfigError } from '../../errors.ts';

/** Compiles networks. The result is undefined for what is not an address. An IPv4 address inside IPv6,
 *  `::ffff:10.0.0.1`, counts as IPv4.
 *  @throws ConfigError `invalid_option` */
export function networksOf(texts: readonly string[]): (ip: unknown) => boolean | undefined {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', bits, ...more] = text.split('/');
    const family = familyOf(address);
    const most = family === 'ipv4' ? 32 : 128;
    const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (!family || more.length > 0 || !(length <= most))
      throw new ConfigError('invalid_option', `${JSON.stringify(text)} is not a network`, {
        hint: "Write it as '10.0.0.0/8', '2001:db8::/32' or one address",
      });
    list.addSubnet(address, length, family);
  }
  let last: { readonly ip: string; readonly isInside: boolean | undefined } | undefined;
  return (ip) => {
    if (typeof ip !== 'string') return undefined;
    // a list asks about one address for each of its keys, and a look-up takes microseconds
    if (last?.ip !== ip) {
      const family = familyOf(ip);
      last = { ip, isInside: family && list.check(ip, family) };
    }
    return last.isInside;
  };
}

/** An address with a zone, `fe80::1%eth0`, is not one of a network. */
function familyOf(ip: string): 'ipv4' | 'ipv6' | undefined {
  const version = ip.includes('%') ? 0 : isIP(ip);
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
}
