// D-Bus wire format of the types that the Secret Service uses, little-endian. Used by dbus.ts. Own code:
// native packages return `null` for a locked keyring, so a locked secret would look absent. Reading is
// strict: bytes that differ from their signature throw, and nothing outside the message is read.

/** A D-Bus value together with its type. */
export class Variant {
  readonly type: string;
  readonly value: unknown;

  constructor(type: string, value: unknown) {
    this.type = type;
    this.value = value;
  }
}

const alignments: Readonly<Record<string, number>> = { y: 1, g: 1, v: 1, '(': 8, '{': 8 };
const alignment = (type: string): number => alignments[type[0] as string] ?? 4;

/** The end of the complete type that begins at `at`. */
function typeEnd(signature: string, at: number): number {
  const first = signature[at];
  if (first === undefined || !'ybusogva({'.includes(first))
    throw new TypeError('unsupported D-Bus signature');
  if (first === 'a') return typeEnd(signature, at + 1);
  if (first !== '(' && first !== '{') return at + 1;
  const close = first === '(' ? ')' : '}';
  let end = typeEnd(signature, at + 1);
  while (signature[end] !== close) end = typeEnd(signature, end);
  return end + 1;
}

/** Splits a signature into its complete types. */
export function types(signature: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < signature.length; at += (found.at(-1) as string).length)
    found.push(signature.slice(at, typeEnd(signature, at)));
  return found;
}

/** Serializes values. Each value is aligned to its size, counted from the start of the writer. */
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
    bytes.writeUInt32LE(value);
    this.raw(bytes);
  }

  all(signature: string, values: readonly unknown[]): void {
    for (const [i, type] of types(signature).entries()) this.#write(type, values[i]);
  }

  #write(type: string, value: unknown): void {
    switch (type[0]) {
      case 'y':
        this.raw(Buffer.from([value as number]));
        break;
      case 'b':
      case 'u':
        this.u32(Number(value));
        break;
      case 's':
      case 'o': {
        const bytes = Buffer.from(`${value as string}\0`);
        this.u32(bytes.length - 1);
        this.raw(bytes);
        break;
      }
      case 'g':
        this.raw(
          Buffer.from(`${String.fromCharCode((value as string).length)}${value as string}\0`, 'latin1'),
        );
        break;
      case 'v':
        this.all('g', [(value as Variant).type]);
        this.all((value as Variant).type, [(value as Variant).value]);
        break;
      case 'a':
        this.#array(type.slice(1), value);
        break;
      default:
        this.align(8);
        this.all(type.slice(1, -1), value as readonly unknown[]);
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
    else
      for (const item of inner[0] === '{' ? Object.entries(value as object) : (value as readonly unknown[]))
        this.#write(inner, item);
    length.writeUInt32LE(this.length - start);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Parses values. Throws a TypeError or RangeError for bytes that do not match their signature. */
export class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  all(signature: string): unknown[] {
    return types(signature).map((type) => this.#read(type));
  }

  #read(type: string): unknown {
    switch (type[0]) {
      case 'y':
        return this.#next(1)[0];
      case 'b':
        return this.#u32() !== 0;
      case 'u':
        return this.#u32();
      case 's':
      case 'o':
        return this.#text(this.#u32());
      case 'g':
        return this.#text(this.#next(1)[0] as number);
      case 'v': {
        const [only, ...more] = types(this.#read('g') as string);
        if (only === undefined || more.length > 0) throw new TypeError('a D-Bus variant must have one value');
        return this.#read(only);
      }
      case 'a':
        return this.#array(type.slice(1));
      default:
        this.#align(8);
        return this.all(type.slice(1, -1));
    }
  }

  #array(inner: string): unknown {
    const length = this.#u32();
    this.#align(alignment(inner));
    if (inner === 'y') return Buffer.from(this.#next(length));
    const end = this.#at + length;
    const items: unknown[] = [];
    while (this.#at < end) items.push(this.#read(inner));
    if (this.#at > end) throw new RangeError('a D-Bus array ends inside an element');
    return inner[0] === '{' ? Object.fromEntries(items as [string, unknown][]) : items;
  }

  #u32(): number {
    this.#align(4);
    return this.#next(4).readUInt32LE();
  }

  #text(length: number): string {
    return this.#next(length + 1).toString('utf8', 0, length);
  }

  #align(size: number): void {
    this.#at += (size - (this.#at % size)) % size;
  }

  #next(size: number): Buffer {
    const from = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length) throw new RangeError('a D-Bus message ends before its values do');
    return this.#bytes.subarray(from, this.#at);
  }
}
