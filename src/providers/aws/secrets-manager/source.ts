// Secrets Manager as a source of documents: one secret is one document. Used by `provider.ts`. A batch
// costs less than single reads but needs a separate permission, so its denial is remembered. A deleted
// secret keeps its name until its recovery window ends: it reads as absent, and a write restores it.

import type { ConfigError } from '../../../errors.ts';
import { textOf } from '../../../formats/json-text.ts';
import { defined } from '../../../internal/options.ts';
import { segments } from '../../../key.ts';
import type { Need } from '../../../needs.ts';
import type { Wanted } from '../../../provider.ts';
import { textField, timeField } from '../../../remote/fields.ts';
import { incomplete } from '../../../remote/findings.ts';
import { identityOf } from '../../../remote/identity.ts';
import { ancestors, asDocument, mapped, placesOf } from '../../../shelter/places.ts';
import type {
  Call,
  DocumentSource,
  DocumentWrite,
  Outcome,
  Page,
  Place,
  Scope,
  SourceIdentity,
  VersionPage,
} from '../../../shelter/port.ts';
import type { ConfigValue, Key } from '../../../value.ts';
import { AwsConnection } from '../connection.ts';
import { AwsSource, summaryOf } from '../source.ts';
import { secretsNeeds } from './needs.ts';
import type { AwsSecretsManagerOptions } from './options.ts';
import { Stages } from './stages.ts';

interface Secret {
  readonly ARN?: string;
  readonly Name?: string;
  readonly VersionId?: string;
  readonly SecretString?: string;
  readonly SecretBinary?: Uint8Array;
  readonly CreatedDate?: Date;
}

/** A version in the list of versions. */
interface ListedVersion {
  readonly VersionId?: string;
  readonly VersionStages?: readonly string[];
  readonly CreatedDate?: Date;
}

interface Batch {
  readonly SecretValues?: readonly Secret[];
  readonly Errors?: readonly { readonly SecretId?: string; readonly ErrorCode?: string }[];
}

const segmentPattern = /^[\w+=.@-]+$/;
const versionIdPattern = /^[0-9a-f]{8}-[0-9a-f-]{27,55}$/i;

export class SecretsManagerSource extends AwsSource implements DocumentSource {
  readonly places?: readonly Place[];
  readonly stages: Stages;
  readonly #options: AwsSecretsManagerOptions;
  readonly #root: string;
  readonly #stage: string;
  #cannotBatch: boolean;
  /** The write that has restored its secret. Its next attempt must not take the old value for another's. */
  #restoredBy: string | undefined;

  constructor(options: AwsSecretsManagerOptions) {
    const { path, secrets, stage = 'AWSCURRENT', name = 'aws-secrets-manager' } = options;
    const load = () => import('@aws-sdk/client-secrets-manager');
    const aws = {
      package: '@aws-sdk/client-secrets-manager',
      client: 'SecretsManagerClient',
      policy: 'secretsmanager',
      load,
    };
    super(name, new AwsConnection('AwsSecretsManagerProvider', name, options, aws));
    this.stages = new Stages(name, this.aws);
    this.#options = options;
    this.#root = path ?? '';
    this.#stage = stage;
    this.#cannotBatch = stage !== 'AWSCURRENT'; // BatchGetSecretValue reads no other stage
    if (secrets) this.places = placesOf('AwsSecretsManagerProvider', 'secrets', secrets);
    else if (path !== undefined && !path.endsWith('/'))
      this.places = [{ key: '', document: path, field: '' }];
  }

  get batch(): number {
    return this.#cannotBatch ? 1 : 20;
  }

  locate(key: Key): readonly Place[] {
    return this.places ? mapped(this.places)(key) : ancestors(key, (at) => this.#nameOf(at));
  }

  async read(documents: readonly string[], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    const [first] = documents as [string];
    if (documents.length === 1) return new Map([[first, await this.#readOne(first, call)]]);
    const out = await this.#readBatch(documents, call);
    const found = new Map<string, Outcome>();
    for (const secret of out.SecretValues ?? [])
      for (const name of documents) if (isNamed(secret, name)) found.set(name, this.#document(secret, name));
    for (const { SecretId = '', ErrorCode = '' } of out.Errors ?? [])
      found.set(SecretId, this.#errorOutcome(SecretId, ErrorCode));
    return found;
  }

  async #readBatch(documents: readonly string[], call: Call): Promise<Batch> {
    try {
      return await this.aws.send<Batch>(
        {
          command: 'BatchGetSecretValue',
          input: { SecretIdList: documents },
          resource: summaryOf(documents),
        },
        call.signal,
      );
    } catch (error) {
      // denials of single secrets are listed in a response: an error means that the batch itself is denied
      if (this.classify(error).code === 'access_denied') {
        this.#cannotBatch = true;
        call.notice(
          `${this.name}: secretsmanager:BatchGetSecretValue is denied, so each secret takes one request`,
          'access_denied',
        );
      }
      throw error;
    }
  }

  async #readOne(name: string, call: Call): Promise<Outcome> {
    const version = call.version ?? this.#stage;
    const input = {
      SecretId: name,
      ...(versionIdPattern.test(version) ? { VersionId: version } : { VersionStage: version }),
    };
    try {
      return this.#document(
        await this.aws.send<Secret>({ command: 'GetSecretValue', input, resource: name }, call.signal),
        name,
      );
    } catch (thrown) {
      const error = this.classify(thrown);
      if (isAbsent(error)) return 'absent';
      throw error;
    }
  }

  async page(scope: Scope, cursor: string | undefined, call: Call): Promise<Page> {
    const below = this.#nameOf(scope.prefix);
    // keys below a prefix may also be fields of a secret above it
    const above = cursor === undefined ? this.locate(scope.prefix).map((place) => ({ place })) : [];
    if (below === undefined) return { found: above, next: [] };
    const input = { MaxResults: 100, NextToken: cursor, Filters: [{ Key: 'name', Values: [below] }] };
    const out = await this.aws.send<{ SecretList?: Secret[]; NextToken?: string }>(
      { command: 'ListSecrets', input, resource: `${below}*` },
      call.signal,
    );
    const names = this.listIn(out.SecretList, `${below}*`);
    const found = names
      .flatMap(({ Name = '' }) => this.placeOf(Name, this.#root, 'secrets', call))
      .map((place) => ({ place }));
    return {
      found: [...above, ...found].filter(({ place }) => scope.reaches(place.key)),
      next: out.NextToken ? [out.NextToken] : [],
    };
  }

  async write(
    name: string,
    value: ConfigValue | undefined,
    { ifVersion, unread }: DocumentWrite,
    call: Call,
  ): Promise<string | undefined> {
    if (value === undefined) {
      const input = { SecretId: name, RecoveryWindowInDays: this.#options.recoveryWindowDays ?? 30 };
      await this.aws.send({ command: 'DeleteSecret', input, resource: name }, call.signal);
      return undefined;
    }
    const content = { SecretString: textOf(value, this.name), ClientRequestToken: call.id };
    const key = this.#options.kmsKeyId ? { KmsKeyId: this.#options.kmsKeyId } : {};
    // writes to the stage that this provider reads
    const stages = this.#stage === 'AWSCURRENT' ? {} : { VersionStages: [this.#stage] };
    const put = {
      command: 'PutSecretValue',
      input: { SecretId: name, ...content, ...stages },
      resource: name,
    };
    const exists = ifVersion !== undefined || unread || this.#restoredBy === call.id;
    if (exists) return (await this.aws.send<Secret>(put, call.signal)).VersionId;
    try {
      const create = { command: 'CreateSecret', input: { Name: name, ...content, ...key }, resource: name };
      return (await this.aws.send<Secret>(create, call.signal)).VersionId;
    } catch (error) {
      if (this.classify(error).code !== 'conflict' || !(await this.#isScheduledForDeletion(name, call)))
        throw error;
    }
    // the name stays taken until the recovery window ends
    await this.aws.send({ command: 'RestoreSecret', input: { SecretId: name }, resource: name }, call.signal);
    this.#restoredBy = call.id;
    return (await this.aws.send<Secret>(put, call.signal)).VersionId;
  }

  async #isScheduledForDeletion(name: string, call: Call): Promise<boolean> {
    const request = { command: 'DescribeSecret', input: { SecretId: name }, resource: name };
    return (await this.aws.send<{ DeletedDate?: Date }>(request, call.signal)).DeletedDate !== undefined;
  }

  async versions(name: string, cursor: string | undefined, call: Call): Promise<VersionPage> {
    const input = { SecretId: name, MaxResults: 100, IncludeDeprecated: true, NextToken: cursor };
    try {
      const out = await this.aws.send<{ Versions?: ListedVersion[]; NextToken?: string }>(
        { command: 'ListSecretVersionIds', input, resource: name },
        call.signal,
      );
      const versions = this.listIn(out.Versions, name).map(({ VersionId, VersionStages, CreatedDate }) => ({
        version: VersionId ?? '',
        ...defined({ modifiedAt: timeField(CreatedDate), stages: VersionStages }),
      }));
      return { versions, unsorted: true, ...(out.NextToken && { next: out.NextToken }) };
    } catch (thrown) {
      if (isAbsent(this.classify(thrown))) return { versions: [] };
      throw thrown;
    }
  }

  async needs(wanted: Wanted): Promise<readonly Need[]> {
    return secretsNeeds(this, this.#root, this.aws.target?.region, this.#options.kmsKeyId, wanted);
  }

  identity(): SourceIdentity | undefined {
    const { target } = this.aws;
    return target && identityOf({ kind: 'aws-secrets-manager', ...target }, { stage: this.#stage });
  }

  #nameOf(key: Key): string | undefined {
    const path = segments(key);
    return path.every((segment) => segmentPattern.test(segment))
      ? `${this.#root}${path.join('/')}`
      : undefined;
  }

  #document({ SecretString, SecretBinary, VersionId, CreatedDate }: Secret, name: string): Outcome {
    const fields = {
      secret: true,
      text: true,
      ...defined({ version: textField(VersionId), modifiedAt: timeField(CreatedDate) }),
    };
    if (typeof SecretString === 'string') return asDocument(SecretString, fields);
    if (SecretBinary instanceof Uint8Array)
      return { ...fields, value: Buffer.from(SecretBinary).toString('base64'), metadata: { type: 'binary' } };
    return incomplete(this.name, `the response for ${name} has no value`);
  }

  #errorOutcome(name: string, code: string): Outcome {
    const error = this.aws.classify({ name: code }, { command: 'GetSecretValue', resource: name });
    return isAbsent(error) ? 'absent' : error;
  }
}

/** A read fails with `conflict` only if the secret is scheduled for deletion. Such a secret is absent,
 *  as in lists. */
const isAbsent = ({ code }: ConfigError): boolean => code === 'not_found' || code === 'conflict';

/** Whether `name` is this secret's name, its ARN, or its ARN without the six random characters at the end. */
function isNamed({ Name, ARN }: Secret, name: string): boolean {
  return (
    Name === name ||
    ARN === name ||
    (ARN !== undefined && ARN.length === name.length + 7 && ARN.startsWith(`${name}-`))
  );
}
