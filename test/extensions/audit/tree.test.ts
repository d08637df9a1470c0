import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Edge, Leaves, leafHash, nodeHash, peaksOf } from '../../../src/extensions/audit/tree.ts';

const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 40) };
const leaf = (bytes: Uint8Array): Buffer => leafHash(Buffer.concat([Buffer.of(0), bytes]));
const hex = (bytes: string): Buffer => leaf(Buffer.from(bytes, 'hex'));

/** RFC 6962 2.1, word for word. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return hash('sha256', '', 'buffer');
  if (leaves.length === 1) return leaves[0] as Buffer;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

/** RFC 9162 2.1.3.2: whether a path leads from a leaf to a root. */
function isIncluded(
  index: number,
  size: number,
  from: Buffer,
  path: readonly Buffer[],
  root: Buffer,
): boolean {
  let [fn, sn, r] = [index, size - 1, from];
  for (const p of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else r = nodeHash(r, p);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && r.equals(root);
}

/** RFC 9162 2.1.4.2: whether a tree continues an earlier one. */
function isConsistent(
  first: number,
  second: number,
  a: Buffer,
  b: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (first === second) return proof.length === 0 && a.equals(b);
  const path = (first & (first - 1)) === 0 ? [a, ...proof] : [...proof];
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [fn >> 1, sn >> 1];
  let [fr, sr] = [path[0] as Buffer, path[0] as Buffer];
  for (const c of path.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(c, fr), nodeHash(c, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = nodeHash(sr, c);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && fr.equals(a) && sr.equals(b);
}

const numbered = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => leaf(Buffer.from(`${i}`)));

describe('the tree of a log', () => {
  // the test vectors of certificate-transparency, which all implementations share
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];

  it('the roots are those of the vectors of RFC 6962', () => {
    const edge = new Edge();
    expect(edge.root().toString('hex')).toBe(hash('sha256', '', 'hex'));
    const found = inputs.map((input) => {
      edge.add(hex(input));
      return edge.root().toString('hex');
    });
    expect(found).toEqual(roots);
  });

  it('an edge has the root of the whole tree, and a hash for each bit of its size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (size) => {
        const edge = new Edge();
        for (const one of numbered(size)) edge.add(one);
        expect(edge.root()).toEqual(rootOf(numbered(size)));
        expect(edge.peaks).toHaveLength(peaksOf(size));
        expect(new Edge(size, edge.peaks).root()).toEqual(edge.root());
      }),
      runs,
    );
  }, 120_000);

  it('proofs of inclusion hold for their leaf and for no other, also after old leaves are gone', () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.nat(199), fc.nat(199));
    fc.assert(
      fc.property(sizes, ([size, at, gone]) => {
        const all = numbered(size);
        const first = Math.min(gone, size - 1);
        const index = first + (at % (size - first));
        const edge = new Edge();
        for (const one of all.slice(0, first)) edge.add(one);
        const leaves = new Leaves(edge);
        for (const one of all.slice(first)) leaves.add(one);
        const path = leaves.inclusion(index);
        const root = rootOf(all);
        expect(isIncluded(index, size, all[index] as Buffer, path, root)).toBe(true);
        expect(isIncluded(index, size, leaf(Buffer.from('other')), path, root)).toBe(false);
      }),
      runs,
    );
  }, 120_000);

  it('proofs of consistency hold for every earlier size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }), (a, b) => {
        const [first, second] = [Math.min(a, b), Math.max(a, b)];
        const leaves = new Leaves();
        for (const one of numbered(second)) leaves.add(one);
        const [before, after] = [rootOf(numbered(first)), rootOf(numbered(second))];
        const proof = leaves.consistency(first);
        expect(isConsistent(first, second, before, after, proof)).toBe(true);
        const other = leaf(Buffer.from('other'));
        expect(isConsistent(first, second, other, after, proof)).toBe(false);
      }),
      runs,
    );
  }, 120_000);

  it('proofs refuse leaves that have been deleted', () => {
    const edge = new Edge();
    for (const one of numbered(5)) edge.add(one);
    const leaves = new Leaves(edge);
    leaves.add(leaf(Buffer.from('5')));
    expect(() => leaves.inclusion(1)).toThrow('the entries before 5 have been deleted');
  });
});
