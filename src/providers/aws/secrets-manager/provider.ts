// AwsSecretsManagerProvider: the source behind the shelter. Exported by `../index.ts`. Stages are written and
// moved by `stages.ts`, in turn with other writes of the secret.

import { keyOf } from '../../../key.ts';
import type { WriteOptions } from '../../../provider.ts';
import { WritableVersionedShelteredProvider } from '../../../shelter/abilities.ts';
import { shelterOptionsOf } from '../../../shelter/options.ts';
import type { ConfigValue, Key } from '../../../value.ts';
import { type AwsSecretsManagerOptions, checked } from './options.ts';
import { SecretsManagerSource } from './source.ts';
import type { StageMove } from './stages.ts';

/** Reads and writes secrets of AWS Secrets Manager. Every value is secret. JSON text of an object is a
 *  section, read in one request for all its keys. `set` changes one key of it and restores a secret that is
 *  scheduled for deletion. Loads `@aws-sdk/client-secrets-manager` on first use.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const secrets = new AwsSecretsManagerProvider({ region: 'eu-central-1', path: 'acme/inference/' });
 *  const apiKey = await secrets.get('llm.apiKey'); // the field apiKey of acme/inference/llm
 *  const before = await secrets.get('llm.apiKey', { version: 'AWSPREVIOUS' }); // a stage or a version id
 *  @see AwsSsmProvider reads parameters.
 */
export class AwsSecretsManagerProvider extends WritableVersionedShelteredProvider {
  readonly #source: SecretsManagerSource;

  constructor(options: AwsSecretsManagerOptions) {
    const source = new SecretsManagerSource(checked(options));
    super(source, shelterOptionsOf(options));
    this.#source = source;
  }

  /** Writes a whole secret as a version that has a stage. The current version stays current. A retry of a
   *  throttled request adds no second version. Returns the id of the version.
   *  @throws `invalid_key` if the key is not that of a whole secret; `not_found` if the store does not have
   *  it
   *  @example
   *  const pending = await secrets.setStaged('database', { user, password }, 'AWSPENDING'); */
  async setStaged(
    key: Key,
    value: ConfigValue,
    stage: string,
    options: Pick<WriteOptions, 'signal' | 'context'> = {},
  ): Promise<string> {
    const spelled = keyOf(key);
    return this.runWrite('set', spelled, options, (keys, inner) =>
      keys.request(spelled, inner, (name, call) => this.#source.stages.put(name, value, stage, call)),
    );
  }

  /** Moves a stage of a secret from one version to another. The version that loses `AWSCURRENT` gets
   *  `AWSPREVIOUS`.
   *  @throws `conflict` if the version `from` does not have the stage
   *  @example
   *  await secrets.moveStage('database', 'AWSCURRENT', { from: current, to: pending }); */
  async moveStage(
    key: Key,
    stage: string,
    move: StageMove,
    options: Pick<WriteOptions, 'signal' | 'context'> = {},
  ): Promise<void> {
    const spelled = keyOf(key);
    return this.runWrite('set', spelled, options, (keys, inner) =>
      keys.request(spelled, inner, (name, call) => this.#source.stages.move(name, stage, move, call)),
    );
  }
}
