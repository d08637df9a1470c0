// The stores of a rotation on real servers: Vault KV version 2 on OpenBao, and the Secrets Manager API. The
// same suite as for the stores in memory, then rotations with both and a target in memory.
// `npm run test:live`.

import { afterAll, describe, expect, it } from 'vitest';
import { kvStore, rotate, secretsManagerStore } from '../../src/extensions/rotation/index.ts';
import { AwsSecretsManagerProvider } from '../../src/providers/aws/index.ts';
import { token, VaultProvider } from '../../src/providers/vault/index.ts';
import { type ManualClock, manualClock } from '../../src/testing/clock.ts';
import { firstSecret, itRotates, type Opened } from '../extensions/rotation/conformance.ts';
import { Points } from '../extensions/rotation/stores.ts';
import { twoUsers } from '../extensions/rotation/targets.ts';
import { live, unique } from './vault-server.ts';

const open: { close(): Promise<void> }[] = [];
afterAll(() => Promise.all(open.map((provider) => provider.close())));

async function onVault(): Promise<Opened> {
  const path = `${unique('rotation')}/`;
  const [one, two] = [1, 2].map(
    () => new VaultProvider({ address: live.address, auth: token(live.token), path }),
  ) as [VaultProvider, VaultProvider];
  open.push(one, two);
  await two.setDocument('db', firstSecret);
  return {
    store: kvStore(one, 'db'),
    other: kvStore(two, 'db'),
    edit: (value) => two.setDocument('db', value),
    current: async () => (await two.getDocument('db', { maxAgeMs: 0 }))?.value,
  };
}

async function onSecretsManager(): Promise<Opened> {
  const options = {
    endpoint: live.aws,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'not-a-real-id', secretAccessKey: 'not-a-real-secret-key' },
    path: `${unique('rotation')}/`,
  };
  const [one, two] = [1, 2].map(() => new AwsSecretsManagerProvider(options)) as [
    AwsSecretsManagerProvider,
    AwsSecretsManagerProvider,
  ];
  open.push(one, two);
  await two.setDocument('db', firstSecret);
  return {
    store: secretsManagerStore(one, 'db'),
    other: secretsManagerStore(two, 'db'),
    // moto forgets stages at a plain write, because it does not note that AWSCURRENT was moved
    edit: async (value) => {
      const versions = await two.versions('db');
      const from = versions.find(({ stages }) => stages?.includes('AWSCURRENT'))?.version as string;
      const to = await two.setStaged('db', value, 'by-hand');
      await two.moveStage('db', 'AWSCURRENT', { from, to });
    },
    current: async () => (await two.getDocument('db', { maxAgeMs: 0 }))?.value,
  };
}

describe.each([
  ['kvStore on OpenBao', onVault],
  ['secretsManagerStore', onSecretsManager],
] as const)('%s', (_name, opened) => {
  itRotates(opened);

  it('two orchestrators without a lock rotate 12 times, and the current secret is accepted', async () => {
    const clock: ManualClock = manualClock(Date.now());
    const world = { ...twoUsers(), first: firstSecret };
    const { store, other, current } = await opened();
    const rotations = [store, other].map((one) =>
      rotate(one, world.open(new Points()), {
        lock: { run: (_key, step) => step({}) },
        revoke: 'auto',
        clock: { ...clock, after: () => () => undefined },
        everyMs: 1_000,
        overlapMs: 100,
        graceMs: 100,
        settleMs: 0,
      }),
    );
    for (let round = 0; round < 12; round++) {
      await clock.advance(1_000);
      await Promise.allSettled(rotations.map((rotation) => rotation.step()));
      await rotations[0]?.step().catch(() => undefined);
      await rotations[1]?.step();
      expect(world.accepts(await current())).toBe(true);
    }
    for (let steps = 0; steps < 3; steps++) {
      await clock.advance(200);
      await rotations[0]?.step();
    }
    const state = await store.read();
    expect(world.accepts(state.current.value)).toBe(true);
    expect(state.previous).toBeUndefined();
    expect(world.live()).toBe(1);
  });

  it('a secret that is rotated 30 times stays usable', { timeout: 120_000 }, async () => {
    const clock = manualClock(Date.now());
    const world = twoUsers();
    const { store, current } = await opened();
    const rotation = rotate(store, world.open(new Points()), {
      lock: { run: (_key, step) => step({}) },
      revoke: 'auto',
      clock: { ...clock, after: () => () => undefined },
      everyMs: 1_000,
      overlapMs: 0,
      graceMs: 0,
    });
    for (let round = 0; round < 30; round++) {
      await clock.advance(1_000);
      expect(await rotation.step({ begin: true })).toBe('done');
    }
    expect(world.accepts(await current())).toBe(true);
    expect(world.live()).toBe(1);
    expect(await rotation.step()).toBe('idle');
  });
});
