// Writes versions under a stage and moves stages, for rotations. Used by `provider.ts`. AWS compares: it
// refuses to move a stage from a version that does not have it.

import { ConfigError, isConfigError } from '../../../errors.ts';
import { textOf } from '../../../formats/json-text.ts';
import type { Call } from '../../../shelter/port.ts';
import type { ConfigValue } from '../../../value.ts';
import type { AwsConnection } from '../connection.ts';

/** From which version a stage is taken, and which version gets it. */
export interface StageMove {
  /** The version that gets the stage. Omit to take the stage away. */
  readonly to?: string;
  /** The version that has the stage now. Omit if none has. */
  readonly from?: string;
}

export class Stages {
  readonly #provider: string;
  readonly #aws: AwsConnection;

  constructor(provider: string, aws: AwsConnection) {
    this.#provider = provider;
    this.#aws = aws;
  }

  /** Adds a version that has a stage, and returns its id. */
  async put(name: string, value: ConfigValue, stage: string, { id, signal }: Call): Promise<string> {
    const input = {
      SecretId: name,
      SecretString: textOf(value, this.#provider),
      ClientRequestToken: id,
      VersionStages: [stage],
    };
    const request = { command: 'PutSecretValue', input, resource: name };
    return (await this.#aws.send<{ readonly VersionId: string }>(request, signal)).VersionId;
  }

  async move(name: string, stage: string, { to, from }: StageMove, { signal }: Call): Promise<void> {
    const input = { SecretId: name, VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from };
    try {
      await this.#aws.send({ command: 'UpdateSecretVersionStage', input, resource: name }, signal);
    } catch (error) {
      if (!isConfigError(error) || error.code !== 'invalid_option') throw error;
      throw new ConfigError('conflict', `${this.#provider}: ${name}: ${stage} is not where it was`, {
        provider: this.#provider,
        hint: 'Read the versions again, then decide',
      });
    }
  }
}
