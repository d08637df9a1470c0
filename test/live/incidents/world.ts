// The stores and all clients together. An incident happens to all clients at the same time.

import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../proxy.ts';
import { until } from '../vault-server.ts';
import { Client, setups } from './client.ts';
import { Stores } from './stores.ts';

export interface WorldOptions {
  /** How many readers each client has. */
  readonly readers: number;
  /** How long a fault lasts. */
  readonly seconds: number;
}

export interface FaultOptions {
  readonly where?: readonly ('vault' | 'ssm')[];
  /** In seconds. */
  readonly atLeast?: number;
  readonly work?: () => Promise<void>;
}

const both = ['vault', 'ssm'] as const;

export class World implements AsyncDisposable {
  readonly stores: Stores;
  readonly clients: readonly Client[];
  readonly seconds: number;

  private constructor(stores: Stores, clients: readonly Client[], seconds: number) {
    this.stores = stores;
    this.clients = clients;
    this.seconds = seconds;
  }

  static async open({ readers, seconds }: WorldOptions): Promise<World> {
    const stores = await Stores.open();
    const clients: Client[] = [];
    for (const setup of setups) clients.push(await Client.open(stores, setup, readers));
    const world = new World(stores, clients, seconds);
    await world.recovered(); // everything has been read once
    return world;
  }

  /** Puts a fault into the proxies of all clients for a while, or while `work` runs. */
  async withFault(
    fault: Fault | (() => Fault),
    { where = both, atLeast = 0, work = () => this.wait(atLeast) }: FaultOptions = {},
  ): Promise<void> {
    this.#setFault(fault, where);
    try {
      await work();
    } finally {
      this.#setFault(undefined, where);
    }
  }
  #setFault(fault: Fault | (() => Fault), where: NonNullable<FaultOptions['where']>): void {
    for (const client of this.clients) for (const store of where) client[`${store}Proxy`].fault = fault;
  }

  /** As long as a fault lasts. `atLeast`: in seconds. */
  readonly wait = (atLeast = 0): Promise<void> => pause(Math.max(this.seconds, atLeast) * 1000);

  /** Waits until single reads and the configuration of every client have the newest version of everything. */
  async recovered(): Promise<void> {
    await this.stores.rotate();
    try {
      await Promise.all(this.clients.map((client) => until(() => client.isRecovered(), 90_000)));
    } catch {
      const states = await Promise.all(this.clients.map((client) => client.unrecovered()));
      throw new Error(`not recovered in 90 s: ${states.join('; ')}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.clients.map((client) => client.close()));
    await this.stores.close();
  }
}
