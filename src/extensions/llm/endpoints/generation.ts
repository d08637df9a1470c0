// The endpoints and tasks of one generation of the configuration, and the order in which a call asks them:
// ranks in order, and inside a rank at random by weight, or always the same for one subject.

import { shareOf } from '../../../config/rollout.ts';
import { ConfigError } from '../../../errors.ts';
import { nearest } from '../../../internal/nearest.ts';
import { weightedIn } from '../check.ts';
import type { EndpointData, LlmData, TaskKind } from '../data.ts';
import { type Endpoint, type Identity, identityOf, makeEndpoint } from './endpoint.ts';

/** An endpoint of a task. */
export interface Member {
  readonly endpoint: Endpoint;
  readonly identity: Identity;
  /** From 1. */
  readonly rank: number;
  readonly weight: number;
}

/** A task with its endpoints. */
export interface ReadyTask {
  readonly name: string;
  readonly kind: TaskKind;
  readonly ranks: readonly (readonly Member[])[];
  readonly members: readonly Member[];
  readonly preset: string | undefined;
}

export class Endpoints {
  readonly all: ReadonlyMap<string, Endpoint>;
  readonly data: LlmData;
  readonly #tasks: ReadonlyMap<string, ReadyTask>;
  /** The endpoints with the parameters of presets. */
  readonly #preset = new Map<string, Endpoint>();
  readonly #wholes = new Set<string>();

  /** `data` is valid, and in clear. */
  constructor(data: LlmData) {
    const { endpoints, tasks } = data;
    this.data = data;
    this.all = new Map(Object.entries(endpoints).map(([name, data]) => [name, makeEndpoint(name, data)]));
    for (const endpoint of this.all.values()) this.#wholes.add(identityOf(endpoint).whole);
    this.#tasks = new Map(
      Object.entries(tasks).map(([name, { kind = 'chat', use, preset }]) => {
        const ranks = use.map((rank, n) =>
          weightedIn(rank).map(({ endpoint, weight }) =>
            memberOf(this.#endpoint(endpoint, preset), n + 1, weight),
          ),
        );
        return [name, { name, kind, ranks, members: ranks.flat(), preset }];
      }),
    );
  }

  /** The identities of all endpoints, with and without presets. It grows when one is first asked for. */
  get wholes(): ReadonlySet<string> {
    return this.#wholes;
  }

  #endpoint(name: string, preset: string | undefined): Endpoint {
    if (preset === undefined) return this.all.get(name) as Endpoint;
    const id = JSON.stringify([name, preset]);
    let endpoint = this.#preset.get(id);
    if (!endpoint) {
      const { endpoints, presets = {} } = this.data;
      endpoint = makeEndpoint(name, endpoints[name] as EndpointData, [presets[preset] ?? {}]);
      this.#preset.set(id, endpoint);
      this.#wholes.add(identityOf(endpoint).whole);
    }
    return endpoint;
  }

  /** An endpoint as a task asks it. */
  of(name: string, task: string): Endpoint | undefined {
    return this.all.has(name) ? this.#endpoint(name, this.#tasks.get(task)?.preset) : undefined;
  }

  task(name: string): ReadyTask {
    const task = this.#tasks.get(name);
    if (task) return task;
    throw unknown('task', name, this.#tasks.keys());
  }

  /** The endpoint that a call must use, whether or not its task has it. */
  pinned(name: string, task: string): Member {
    const endpoint = this.of(name, task);
    if (endpoint) return memberOf(endpoint, 1, 1);
    throw unknown('endpoint', name, this.all.keys());
  }
}

const memberOf = (endpoint: Endpoint, rank: number, weight: number): Member => ({
  endpoint,
  identity: identityOf(endpoint),
  rank,
  weight,
});

function unknown(what: string, name: unknown, known: Iterable<string>): ConfigError {
  const all = [...known];
  const similar = typeof name === 'string' ? nearest(name, all) : undefined;
  const shown = typeof name === 'string' ? `"${name}"` : `(${typeof name})`;
  return new ConfigError('invalid_key', `llm: the configuration has no ${what} ${shown}`, {
    hint: similar ? `Did you mean ${similar}?` : `It has ${all.join(', ') || 'none'}`,
  });
}

/** The members in the order in which a call asks them. */
export function ordered(task: ReadyTask, subject: string | undefined): readonly Member[] {
  if (task.ranks.length === task.members.length) return task.members;
  return task.ranks.flatMap((rank) => (rank.length === 1 ? rank : byWeight(rank, subject)));
}

/** Weighted rendezvous hashing: a new endpoint moves only the subjects that it takes. */
function byWeight(rank: readonly Member[], subject: string | undefined): readonly Member[] {
  return rank
    .map((member) => {
      const share = subject === undefined ? Math.random() : shareOf(`${subject}\0${member.endpoint.name}`);
      return { member, at: -Math.log(share || Number.MIN_VALUE) / member.weight };
    })
    .sort((a, b) => a.at - b.at)
    .map(({ member }) => member);
}
