// The keys of a model provider, in memory. As with most of them, a new key is shown once, when it is created.

interface Key {
  readonly name: string;
  readonly secret: string;
  uses: number;
}

let keys: Key[] = [{ name: 'made by hand', secret: 'fake-key-1', uses: 0 }];
let made = 1;

export const api = {
  async create({ name }: { name: string }): Promise<string> {
    const secret = `fake-key-${++made}`;
    keys.push({ name, secret, uses: 0 });
    return secret;
  },
  async deleteByName(name: string): Promise<void> {
    keys = keys.filter((key) => key.name !== name);
  },
  async delete(secret: string): Promise<void> {
    keys = keys.filter((key) => key.secret !== secret);
  },
  async accepts(secret: string): Promise<boolean> {
    return keys.some((key) => key.secret === secret);
  },
  async usesSince(secret: string): Promise<number> {
    const key = keys.find((one) => one.secret === secret);
    const uses = key?.uses ?? 0;
    if (key) key.uses = 0;
    return uses;
  },
  /** What an application does with its key. */
  async complete(secret: string): Promise<string> {
    const key = keys.find((one) => one.secret === secret);
    if (!key) throw Object.assign(new Error('unauthorized'), { status: 401 });
    key.uses++;
    return `answered to ${secret}`;
  },
  count: () => keys.length,
};
