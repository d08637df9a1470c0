// A secret of AWS Secrets Manager that is rotated: its stages are the state. AWS compares where a stage is
// before it moves it. Three stages of our own say more about a version than AWS does: from which version it
// was made, when it was promoted, and that a rotation has replaced it. AWS knows only when it was written,
// and its AWSPREVIOUS moves with each edit by hand.

import { randomUUID } from 'node:crypto';
import type { Entry } from '../../entry.ts';
import { ConfigError, isConfigError } from '../../errors.ts';
import { keyOf } from '../../key.ts';
import type { VersionedRead, VersionInfo, VersionsOptions } from '../../provider.ts';
import type { ConfigValue, Key } from '../../value.ts';
import type { RotatingStore, RotationState, StoreCall, StoredVersion } from './store.ts';
import { StoreErrors } from './store-errors.ts';

/** What the store needs of an AwsSecretsManagerProvider. */
export interface StagedProvider {
  readonly name: string;
  getDocument(key: Key, options?: VersionedRead): Promise<Entry | undefined>;
  versions(key: Key, options?: VersionsOptions): Promise<readonly VersionInfo[]>;
  setStaged(key: Key, value: ConfigValue, stage: string, options?: StoreCall): Promise<string>;
  moveStage(
    key: Key,
    stage: string,
    move: { readonly from?: string; readonly to?: string },
    options?: StoreCall,
  ): Promise<void>;
}

/** Stages of our own: `rotation-from/VERSION/…`, `rotation-at/MILLISECONDS/VERSION`, `rotation-replaced`. */
const replaced = 'rotation-replaced';
const from = 'rotation-from/';
const at = 'rotation-at/';
const isOurs = (stage: string): boolean => stage.startsWith(from) || stage.startsWith(at);

/** The stages of a secret. */
class Stages {
  readonly #all: readonly VersionInfo[];

  constructor(all: readonly VersionInfo[]) {
    this.#all = all;
  }

  /** The version that has a stage. */
  with(stage: string): VersionInfo | undefined {
    return this.#all.find(({ stages }) => stages?.includes(stage));
  }

  /** What a rotation has replaced. It has the stage just before it is replaced, too. */
  get previous(): VersionInfo | undefined {
    const previous = this.with(replaced);
    return previous?.version === this.with('AWSCURRENT')?.version ? undefined : previous;
  }

  /** Identifies where the three stages are. */
  get version(): string {
    const stages = ['AWSCURRENT', 'AWSPENDING', replaced];
    return stages.map((stage) => this.with(stage)?.version ?? 'none').join(' ');
  }

  /** The stages with times of a version. */
  times(version: string): readonly string[] {
    const stages = this.#all.find((info) => info.version === version)?.stages ?? [];
    return stages.filter((stage) => stage.startsWith(at));
  }

  /** Our stages that are outdated, with the versions that have them. */
  get outdated(): readonly { readonly version: string; readonly stage: string }[] {
    const kept = ['AWSCURRENT', 'AWSPENDING'].map((stage) => this.with(stage)?.version);
    return this.#all.flatMap((info) => {
      const { version, stages = [] } = info;
      const latest = promotedAt(info);
      const isKept = (stage: string): boolean =>
        kept.includes(version) && (stage.startsWith(from) || timeIn(stage) === latest);
      return stages.filter((stage) => isOurs(stage) && !isKept(stage)).map((stage) => ({ version, stage }));
    });
  }
}

/** The version from which one was made. */
const origin = ({ stages = [] }: VersionInfo = { version: '' }): string | undefined =>
  stages.find((stage) => stage.startsWith(from))?.split('/')[1];

const timeIn = (stage: string): number => Number(stage.split('/')[1]);

/** When a rotation has promoted a version. */
function promotedAt({ stages = [] }: VersionInfo): number | undefined {
  const times = stages.filter((stage) => stage.startsWith(at)).map(timeIn);
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** A store for `rotate`: one secret of AWS Secrets Manager, with all its fields. The next version has the
 *  stage `AWSPENDING`, and the old one has `rotation-replaced` until it is revoked.
 *  @example
 *  const secrets = new AwsSecretsManagerProvider({ path: 'acme/inference/' });
 *  const store = secretsManagerStore(secrets, 'database'); // acme/inference/database
 *  @see rotate */
export function secretsManagerStore(provider: StagedProvider, key: Key): RotatingStore {
  const missing = (['getDocument', 'versions', 'setStaged', 'moveStage'] as const).find(
    (method) => typeof (provider as Partial<StagedProvider> | undefined)?.[method] !== 'function',
  );
  if (missing !== undefined)
    throw new ConfigError('invalid_option', `secretsManagerStore: the provider has no ${missing}`, {
      hint: 'Pass an AwsSecretsManagerProvider, without decorators',
    });
  return new SecretsManagerStore(provider, keyOf(key));
}

class SecretsManagerStore implements RotatingStore {
  readonly name: string;
  readonly key: Key;
  readonly compares = true;
  readonly #provider: StagedProvider;
  readonly #errors: StoreErrors;

  constructor(provider: StagedProvider, key: Key) {
    this.name = `${provider.name} ${key}`;
    this.key = key;
    this.#provider = provider;
    this.#errors = new StoreErrors(provider.name, key);
  }

  async read(options: StoreCall = {}): Promise<RotationState> {
    const stages = await this.#stages(options);
    const current = stages.with('AWSCURRENT');
    if (!current) throw this.#errors.error('not_found', 'has no current version', 'Create the secret first');
    const pending = stages.with('AWSPENDING');
    const { previous } = stages;
    const [now, next, old] = await Promise.all(
      [current, pending, previous].map((info) => info && this.#value(info.version, options)),
    );
    const promoted = promotedAt(current);
    // the stage is written last, so a version of ours without it is one whose promotion is not finished
    const written = origin(current) === undefined ? current.modifiedAt : undefined;
    const time = promoted ?? written;
    const { value, type } = now as NonNullable<typeof now>;
    return {
      current: { value, version: current.version, ...(time !== undefined && { at: time }) },
      ...(next &&
        pending && {
          pending: { value: next.value, version: pending.version, from: origin(pending) ?? '' },
        }),
      ...(old && previous && { previous: { value: old.value, version: previous.version } }),
      version: stages.version,
      ...(type !== undefined && { type }),
    };
  }

  async putPending(value: ConfigValue, ifVersion: string, options: StoreCall = {}): Promise<void> {
    const stages = await this.#stages(options);
    if (stages.version !== ifVersion) throw this.#errors.changed();
    const current = stages.with('AWSCURRENT')?.version;
    const before = stages.with('AWSPENDING')?.version;
    const stage = `${from}${current}/${randomUUID().slice(0, 8)}`;
    const version = await this.#provider.setStaged(this.key, value, stage, options);
    // AWS refuses this if another process has stored one meanwhile
    const move = { to: version, ...(before !== undefined && { from: before }) };
    await this.#provider.moveStage(this.key, 'AWSPENDING', move, options);
    if ((await this.#stages(options)).with('AWSCURRENT')?.version === current) return;
    await this.#provider.moveStage(this.key, 'AWSPENDING', { from: version }, options);
    throw this.#errors.changed();
  }

  async promote(
    pending: StoredVersion,
    current: StoredVersion,
    { at: time, ...options }: StoreCall & { readonly at: number },
  ): Promise<void> {
    const stages = await this.#stages(options);
    const to = pending.version as string;
    if (stages.with('AWSCURRENT')?.version !== current.version) throw this.#errors.changed();
    if (to !== current.version) {
      if (stages.with('AWSPENDING')?.version !== to) throw this.#errors.changed();
      const move = { to, from: current.version as string };
      await this.#mark(stages, move.from, options);
      await this.#provider.moveStage(this.key, 'AWSCURRENT', move, options);
    }
    // the time comes after the promotion, so that it is never too early
    await this.#stamp(stages, to, `${at}${time}/${to}`, options);
    const isPending = stages.with('AWSPENDING')?.version === to;
    if (isPending) await this.#remove('AWSPENDING', to, options);
    await this.#clean(options);
  }

  async dropPrevious({ version }: StoredVersion, options: StoreCall = {}): Promise<void> {
    const stages = await this.#stages(options);
    for (const stage of ['AWSPREVIOUS', replaced])
      if (stages.with(stage)?.version === version) await this.#remove(stage, version as string, options);
  }

  /** Gives a version its time in place of every other one. */
  async #stamp(stages: Stages, version: string, stage: string, options: StoreCall): Promise<void> {
    const before = stages.times(version);
    if (!before.includes(stage)) await this.#provider.moveStage(this.key, stage, { to: version }, options);
    for (const other of before) if (other !== stage) await this.#remove(other, version, options);
  }

  /** Marks the version that is going to be replaced. */
  async #mark(stages: Stages, to: string, options: StoreCall): Promise<void> {
    const before = stages.with(replaced)?.version;
    if (before === to) return;
    const move = { to, ...(before !== undefined && { from: before }) };
    await this.#provider.moveStage(this.key, replaced, move, options);
  }

  /** Removes our stages from old versions: AWS deletes a version only once it has none. */
  async #clean(options: StoreCall): Promise<void> {
    for (const { version, stage } of (await this.#stages(options)).outdated)
      await this.#remove(stage, version, options);
  }

  /** Takes a stage away. Another process may have done that. */
  async #remove(stage: string, version: string, options: StoreCall): Promise<void> {
    try {
      await this.#provider.moveStage(this.key, stage, { from: version }, options);
    } catch (error) {
      if (!isConfigError(error) || error.code !== 'conflict') throw error;
    }
  }

  async #stages(options: StoreCall): Promise<Stages> {
    return new Stages(await this.#provider.versions(this.key, { ...options, limit: 1_000 }));
  }

  async #value(
    version: string,
    options: StoreCall,
  ): Promise<{ readonly value: ConfigValue; readonly type: string | undefined }> {
    const entry = await this.#provider.getDocument(this.key, { ...options, version, maxAgeMs: 0 });
    if (entry) return { value: entry.value, type: entry.metadata?.type };
    throw this.#errors.error('conflict', `has no version ${version} any more`, 'Try again');
  }
}
