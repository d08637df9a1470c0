/** The values of D-Bus that a secret service speaks, to bytes and back: little-endian, each value aligned to its size. */
export class Variant {
  readonly type: string;
  readonly value: unknown;

  constructor(type: string, value: unknown) {
    this.type = type;
    this.value = value;
  }
}

const alignments: Readonly<Record<string, number>> = { y: 1, g: 1, v: 1, n: 2, q: 2, x: 8, t: 8, d: 8, '(': 8, '{': 8 };
const alignment = (type: string): number => alignments[type[0] as string] ?? 4;

/** Where the one complete type that begins at `at` ends. */
function typeEnd(signature: string, at: number): number {
  const first = signature[at];
  if (first === 'a') return typeEnd(signature, at + 1);
  let end = at + 1;
  if (first === '(' || first === '{') {
    while (signature[end] !== ')' && signature[end] !== '}') end = typeEnd(signature, end);
    end++;
  }
  return end;
}

export function types(signature: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < signature.length; at += (found.at(-1) as string).length) found.push(signature.slice(at, typeEnd(signature, at)));
  return found;
}

export class Writer {
  readonly #parts: Buffer[] = [];
  length = 0;

  raw(bytes: Uint8Array): void {
    this.#parts.push(Buffer.from(bytes));
    this.length += bytes.length;
  }

  align(size: number): void {
    this.raw(Buffer.alloc((size - (this.length % size)) % size));
  }

  u32(value: number): void {
    this.align(4);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    this.raw(bytes);
  }

  all(signature: string, values: readonly unknown[]): void {
    for (const [i, type] of types(signature).entries()) this.write(type, values[i]);
  }

  write(type: string, value: unknown): void {
    switch (type[0]) {
      case 'y':
        this.raw(Buffer.from([value as number]));
        break;
      case 'b':
        this.u32(value ? 1 : 0);
        break;
      case 'u':
      case 'i':
        this.u32(value as number);
        break;
      case 's':
      case 'o': {
        const bytes = Buffer.from(`${value as string}\0`);
        this.u32(bytes.length - 1);
        this.raw(bytes);
        break;
      }
      case 'g':
        this.raw(Buffer.concat([Buffer.from([(value as string).length]), Buffer.from(`${value as string}\0`)]));
        break;
      case 'v': {
        const variant = value as Variant;
        this.write('g', variant.type);
        this.write(variant.type, variant.value);
        break;
      }
      case '(':
      case '{':
        this.align(8);
        this.all(type.slice(1, -1), value as readonly unknown[]);
        break;
      case 'a':
        this.#array(type.slice(1), value);
        break;
      default:
        throw new TypeError(`D-Bus type ${type} cannot be written`);
    }
  }

  #array(inner: string, value: unknown): void {
    this.align(4);
    const length = Buffer.alloc(4);
    this.#parts.push(length);
    this.length += 4;
    this.align(alignment(inner));
    const start = this.length;
    if (inner === 'y') this.raw(value as Uint8Array);
    else for (const one of inner[0] === '{' ? Object.entries(value as object) : (value as readonly unknown[])) this.write(inner, one);
    length.writeUInt32LE(this.length - start);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

export class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  all(signature: string): unknown[] {
    return types(signature).map((type) => this.read(type));
  }

  read(type: string): unknown {
    switch (type[0]) {
      case 'y':
        return this.#bytes[this.#at++];
      case 'b':
        return this.#u32() !== 0;
      case 'u':
      case 'h':
        return this.#u32();
      case 'i':
        return this.#take(4, (at) => this.#bytes.readInt32LE(at));
      case 'n':
      case 'q':
        return this.#take(2, (at) => this.#bytes.readUInt16LE(at));
      case 'x':
      case 't':
        return this.#take(8, (at) => this.#bytes.readBigUInt64LE(at));
      case 'd':
        return this.#take(8, (at) => this.#bytes.readDoubleLE(at));
      case 's':
      case 'o':
        return this.#text(this.#u32());
      case 'g':
        return this.#text(this.#bytes[this.#at++] as number);
      case 'v':
        return this.read(this.read('g') as string);
      case '(':
      case '{':
        this.#align(8);
        return this.all(type.slice(1, -1));
      case 'a':
        return this.#array(type.slice(1));
      default:
        throw new TypeError(`D-Bus type ${type} cannot be read`);
    }
  }

  #array(inner: string): unknown {
    const length = this.#u32();
    this.#align(alignment(inner));
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('a D-Bus array is longer than its message');
    if (inner === 'y') {
      const bytes = Buffer.from(this.#bytes.subarray(this.#at, end));
      this.#at = end;
      return bytes;
    }
    const items: unknown[] = [];
    while (this.#at < end) items.push(this.read(inner));
    return inner[0] === '{' ? Object.fromEntries(items as [string, unknown][]) : items;
  }

  #u32(): number {
    return this.#take(4, (at) => this.#bytes.readUInt32LE(at));
  }

  #take<T>(size: number, read: (at: number) => T): T {
    this.#align(size);
    const value = read(this.#at);
    this.#at += size;
    return value;
  }

  #align(size: number): void {
    this.#at += (size - (this.#at % size)) % size;
  }

  #text(length: number): string {
    const text = this.#bytes.toString('utf8', this.#at, this.#at + length);
    this.#at += length + 1;
    return text;
  }
}
