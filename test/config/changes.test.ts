import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeEntry } from '../../src/entry.ts';
import { type ConfigChange, EnvProvider, loadConfig } from '../../src/index.ts';
import { makeOrigin } from '../../src/origin.ts';

describe('changes', () => {
  it('subscribe detects a changed instance in a list, and only that', async () => {
    const env: Record<string, string> = { APP__URLS: 'https://a.example', APP__N: '1' };
    const schema = z.object({
      urls: z.array(z.string().transform((url) => new URL(url))),
      n: z.number(),
      at: z.iso
        .date()
        .transform((d) => new Date(d))
        .default(new Date(0)),
    });
    const config = await loadConfig(schema, new EnvProvider({ prefix: 'APP', env }));
    const changes: ConfigChange[] = [];
    for (const path of ['urls', 'at'] as const) config.subscribe(path, (change) => changes.push(change));
    env.APP__N = '2';
    await config.reload();
    expect(changes).toEqual([]);
    env.APP__URLS = 'https://b.example';
    await config.reload();
    expect(changes.map(({ key }) => key)).toEqual(['urls']);
  });

  it('a change of secrecy alone makes a generation and calls no listener', async () => {
    let secret = false;
    const origin = makeOrigin({ provider: 'p', source: 'p a' });
    const source = {
      name: 'p',
      get: async () => undefined,
      list: async () => [makeEntry({ key: 'a', value: 'fake-1', secret, origin })],
    };
    const config = await loadConfig(source);
    config.subscribe('', () => expect.unreachable());
    expect(JSON.stringify(config.value)).toContain('fake-1');
    secret = true;
    await config.reload();
    expect(config.generation.number).toBe(2);
    expect(JSON.stringify(config.value)).not.toContain('fake-1');
  });
});
