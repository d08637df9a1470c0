import { type Cases, compare, hundred, once } from './compare.ts';

/** A slow local store and the clients that read it. */
export interface Remote {
  /** The store's word for a document: `secret`. */
  readonly word: string;
  /** The name of our provider. */
  readonly name: string;
  /** Requests so far. */
  readonly asked: () => number;
  readonly keys: readonly string[];
  /** Clients without a cache: each read is a request. */
  readonly clients: Readonly<Record<string, (key: string) => Promise<unknown>>>;
  /** Creates our provider with its default cache. Each call returns a new one. */
  readonly make: (limits?: { readonly concurrency: number }) => Reader;
}

export interface Reader {
  get(key: string, options?: { readonly maxAgeMs: number }): Promise<{ readonly value: unknown } | undefined>;
  getMany(keys: readonly string[], options?: { readonly maxAgeMs: number }): Promise<unknown>;
  close(): Promise<void>;
}

const uncached = { maxAgeMs: 0 } as const;

/** Measures a store without batches: one document, many documents, cached reads and concurrent readers. */
export async function compareRemote({ word, name, asked, keys, clients, make }: Remote): Promise<void> {
  const opened: Reader[] = [];
  const ours = (limits?: { concurrency: number }): Reader => {
    opened.push(make(limits));
    return opened.at(-1) as Reader;
  };
  const provider = ours();
  const wide = ours({ concurrency: keys.length });
  const [key0, key1] = keys as [string, string];
  const each = (
    run: (read: (key: string) => Promise<unknown>) => () => Promise<unknown>,
    label: (client: string) => string,
  ): Cases => Object.fromEntries(Object.entries(clients).map(([client, read]) => [label(client), run(read)]));
  const [sdk] = Object.values(clients) as [(key: string) => Promise<unknown>];

  const value = await sdk(key0);
  for (const [client, read] of Object.entries(clients))
    if (typeof (await read(key0)) !== 'string') throw new Error(`${client} did not return a string`);
  if ((await provider.get(key0))?.value !== value) throw new Error(`${name} returned a different value`);

  await compare(
    `one ${word}, asked for each time`,
    {
      ...each(
        (read) => () => read(key0),
        (client) => client,
      ),
      [name]: () => provider.get(key0, uncached),
    },
    { clock: 'wall' },
  );
  await compare(
    `${keys.length} ${word}s, asked for each time`,
    {
      ...each(
        (read) => () => Promise.all(keys.map(read)),
        (client) => `${client}, all at once`,
      ),
      'the SDK, 16 at once': () => inTurns(16, keys, sdk),
      [`${name}, ${keys.length} at once`]: () => wide.getMany(keys, uncached),
      [`${name}, by default 16 at once`]: () => provider.getMany(keys, uncached),
    },
    { clock: 'wall' },
  );
  const map = new Map([[key0, value]]);
  await compare(
    `one ${word}, again`,
    {
      'a Map behind an async function': hundred(async () => map.get(key0)),
      [name]: hundred(() => provider.get(key0)),
    },
    { batch: 100 },
  );

  // both have logged in and cached no key that is read below
  const [cold, alone] = [ours(), ours()];
  await Promise.all([cold.get(key0), alone.get('another')]);
  const thousand = (read: () => Promise<unknown>): Promise<unknown> =>
    Promise.all(Array.from({ length: 1_000 }, read));
  await once(
    `1,000 readers of one ${word} at once, nothing cached`,
    {
      ...each(
        (read) => () => thousand(() => read(key1)),
        (client) => client,
      ),
      [name]: () => thousand(() => cold.get(key1)),
    },
    asked,
  );
  await once(
    `${keys.length} ${word}s, each read by a reader of its own, nothing cached`,
    {
      ...each(
        (read) => () => Promise.all(keys.map(read)),
        (client) => client,
      ),
      [name]: () => Promise.all(keys.map((key) => alone.get(key))),
    },
    asked,
  );
  await Promise.all(opened.map((one) => one.close()));
}

async function inTurns(
  workers: number,
  keys: readonly string[],
  read: (key: string) => Promise<unknown>,
): Promise<void> {
  const left = [...keys];
  const worker = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) await read(key);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
