// #region config
import { BundleProvider, EnvProvider, ProviderChain, scoped } from 'llm-config-manager';

/** The environment and the base file that all packages of this repository share. Each package adds its own
 *  file. */
export class Repository implements AsyncDisposable {
  readonly #root: string;
  readonly #env: EnvProvider;
  readonly #base: BundleProvider;

  constructor(root: string, env = process.env) {
    this.#root = root;
    this.#env = new EnvProvider({ prefix: 'APP', env });
    this.#base = new BundleProvider(`${root}/config/base.yaml`);
  }

  /** APP_API_PORT sets `port` for the api only. APP_BASE_LOG_LEVEL sets `log.level` for every package
   *  that does not set it. */
  viewOf(name: string): ProviderChain {
    const own = new BundleProvider(`${this.#root}/packages/${name}/config.yaml`);
    const providers = [scoped(this.#env, name), own, scoped(this.#env, 'base'), this.#base];
    return new ProviderChain(providers, { closeProviders: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#base.close();
  }
}
// #endregion
