// #region config
import { BundleProvider, EnvProvider, ProviderChain, scoped } from 'llm-config-manager';

/** What is the same for all packages of this repository: one environment, one base. Each package adds its own file. */
export class Repository implements AsyncDisposable {
  readonly #root: string;
  readonly #env: EnvProvider;
  readonly #base: BundleProvider;

  constructor(root: string, env = process.env) {
    this.#root = root;
    this.#env = new EnvProvider({ prefix: 'APP', env });
    this.#base = new BundleProvider(`${root}/config/base.yaml`);
  }

  /** APP__API__PORT is `port` of the api alone; APP__BASE__LOG__LEVEL is `log.level` of all that say nothing of it themselves. */
  viewOf(name: string): ProviderChain {
    const own = new BundleProvider(`${this.#root}/packages/${name}/config.yaml`);
    return new ProviderChain([scoped(this.#env, name), own, scoped(this.#env, 'base'), this.#base], {
      closeProviders: false,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#base.close();
  }
}
// #endregion
