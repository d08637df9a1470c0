// The backends of the three stores in memory, as strict as the real ones: stages of Secrets Manager,
// documents with check-and-set, a file that changes in one step. Each call passes `Points`, where a test
// kills the process that makes it.

import { setImmediate as turn } from 'node:timers/promises';
import { makeEntry } from '../../../src/entry.ts';
import { ConfigError } from '../../../src/errors.ts';
import {
  type DocumentProvider,
  fileStore,
  kvStore,
  type RotatingStore,
  type StagedProvider,
  secretsManagerStore,
  type UpdatingProvider,
} from '../../../src/extensions/rotation/index.ts';
import { dig } from '../../../src/internal/dig.ts';
import { segments } from '../../../src/key.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigTree, ConfigValue } from '../../../src/value.ts';

/** Every call to a store or a target has two points: before and after its effect. */
export class Points {
  passed = 0;
  killAt = Number.POSITIVE_INFINITY;
  /** Called at each point. May wait, so that other processes go on meanwhile. */
  pause: ((point: number) => Promise<void> | undefined) | undefined;
  /** Called after each effect. */
  onEffect: (() => void) | undefined;
  down = false;

  get isKilled(): boolean {
    return this.passed > this.killAt;
  }

  async around<T>(effect: () => T): Promise<T> {
    await this.#pass();
    if (this.down) throw new ConfigError('unavailable', 'the backend is down');
    const result = effect();
    this.onEffect?.();
    await this.#pass();
    return result;
  }

  async #pass(): Promise<void> {
    const point = this.passed++;
    if (point === this.killAt) throw new Error('killed');
    await (this.pause?.(point) ?? turn());
  }
}

export interface Backend {
  /** The value that applications read. */
  readonly current: () => ConfigValue;
  /** A person edits the secret. */
  readonly edit: (value: ConfigTree) => void;
  /** The store as one process has it. */
  readonly open: (points: Points) => RotatingStore;
}

const conflict = (): ConfigError => new ConfigError('conflict', 'not what was expected');
const entryOf = (key: string, value: ConfigValue, more: object = {}) =>
  makeEntry({ key, value, secret: true, origin: makeOrigin({ provider: 'fake', source: key }), ...more });

/** Versions with stages, as AWS moves them. */
export function stagesBackend(first: ConfigTree, now: () => number): Backend {
  const versions = new Map<string, { value: ConfigValue; stages: Set<string>; createdAt: number }>();
  let last = 0;
  const holder = (stage: string): string | undefined =>
    [...versions].find(([, { stages }]) => stages.has(stage))?.[0];
  const give = (stage: string, to: string | undefined): void => {
    for (const { stages } of versions.values()) stages.delete(stage);
    if (to !== undefined) versions.get(to)?.stages.add(stage);
  };
  const add = (value: ConfigValue): string => {
    const id = `v${++last}`;
    versions.set(id, { value, stages: new Set(), createdAt: now() });
    return id;
  };
  const move = (stage: string, { from, to }: { from?: string; to?: string }): void => {
    const at = holder(stage);
    if (from === undefined ? at !== undefined && at !== to : at !== from) throw conflict();
    give(stage, to);
    if (stage === 'AWSCURRENT') give('AWSPREVIOUS', from);
  };
  give('AWSCURRENT', add(first));
  const provider = (points: Points): StagedProvider => ({
    name: 'aws',
    getDocument: (key, { version } = {}) =>
      points.around(() => {
        const found = versions.get(version ?? holder('AWSCURRENT') ?? '');
        return found && entryOf(key, found.value, { version, modifiedAt: found.createdAt });
      }),
    versions: () =>
      points.around(() =>
        [...versions].map(([version, { stages, createdAt }]) => ({
          version,
          modifiedAt: createdAt,
          stages: [...stages],
        })),
      ),
    setStaged: (_key, value, stage) =>
      points.around(() => {
        const id = add(value);
        give(stage, id);
        return id;
      }),
    moveStage: (_key, stage, change) => points.around(() => move(stage, change)),
  });
  return {
    current: () => versions.get(holder('AWSCURRENT') as string)?.value as ConfigValue,
    edit: (value) => move('AWSCURRENT', { from: holder('AWSCURRENT') as string, to: add(value) }),
    open: (points) => secretsManagerStore(provider(points), 'db'),
  };
}

/** Documents with versions, and a write that compares them. */
export function documentsBackend(first: ConfigTree, now: () => number): Backend {
  const documents = new Map<string, { value: ConfigValue; version: number; modifiedAt: number }>();
  const versions = new Map<string, ConfigValue>();
  const put = (key: string, value: ConfigValue): number => {
    const version = (documents.get(key)?.version ?? 0) + 1;
    documents.set(key, { value, version, modifiedAt: now() });
    versions.set(`${key} ${version}`, value);
    return version;
  };
  put('db', first);
  const provider = (points: Points): DocumentProvider => ({
    name: 'vault',
    compares: true,
    getDocument: (key, { version: asked } = {}) =>
      points.around(() => {
        const old = versions.get(`${key} ${asked}`);
        if (asked !== undefined) return old === undefined ? undefined : entryOf(key, old, { version: asked });
        const found = documents.get(key);
        return found && entryOf(key, found.value, { ...found, version: `${found.version}` });
      }),
    setDocument: (key, value, { ifVersion, ifAbsent } = {}) =>
      points.around(() => {
        const found = documents.get(key);
        if (ifAbsent ? found : `${found?.version}` !== ifVersion) throw conflict();
        return entryOf(key, value, { version: `${put(key, value)}` });
      }),
  });
  return {
    current: () => documents.get('db')?.value as ConfigValue,
    edit: (value) => void put('db', value),
    open: (points) => kvStore(provider(points), 'db'),
  };
}

/** A document that changes in one step. */
export function fileBackend(first: ConfigTree): Backend {
  let document: ConfigTree = { other: 'kept', db: first };
  const change = (
    tree: ConfigTree,
    [name, ...below]: string[],
    value: ConfigValue | undefined,
  ): ConfigTree => {
    const { [name as string]: inner, ...rest } = tree;
    const next = below.length === 0 ? value : change((inner ?? {}) as ConfigTree, below, value);
    const isEmpty = next === undefined || (below.length > 0 && Object.keys(next as object).length === 0);
    return isEmpty ? rest : { ...rest, [name as string]: next };
  };
  const provider = (points: Points): UpdatingProvider => ({
    name: 'file',
    list: () => points.around(() => [entryOf('', document, { leaf: () => ({ secret: true }) })]),
    update: (changed) =>
      points.around(() => {
        for (const [key, value] of Object.entries(changed(document)))
          document = change(document, segments(key), value);
        return true;
      }),
  });
  return {
    current: () => dig(document, 'db') as ConfigValue,
    edit: (value) => {
      document = { ...document, db: value };
    },
    open: (points) => fileStore(provider(points), 'db'),
  };
}

export const backends: readonly [string, (first: ConfigTree, now: () => number) => Backend][] = [
  ['secretsManagerStore', stagesBackend],
  ['kvStore', documentsBackend],
  ['fileStore', fileBackend],
];
