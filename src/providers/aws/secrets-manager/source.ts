import { ConfigError } from '../../../errors.ts';
import { textOf } from '../../../formats/json-text.ts';
import { segments } from '../../../key.ts';
import { defined, textField, timeField } from '../../../remote/fields.ts';
import { ancestors, asDocument, mapped, placesOf } from '../../../shelter/places.ts';
import type {
  Call,
  DocumentSource,
  DocumentWrite,
  Outcome,
  Page,
  Place,
  Scope,
} from '../../../shelter/port.ts';
import type { ConfigValue, Key } from '../../../value.ts';
import { AwsConnection } from '../connection.ts';
import { AwsSource, together } from '../source.ts';
import type { AwsSecretsManagerOptions } from './options.ts';

interface Secret {
  readonly ARN?: string;
  readonly Name?: string;
  readonly VersionId?: string;
  readonly SecretString?: string;
  readonly SecretBinary?: Uint8Array;
  readonly CreatedDate?: Date;
}

interface Batch {
  readonly SecretValues?: readonly Secret[];
  readonly Errors?: readonly { readonly SecretId?: string; readonly ErrorCode?: string }[];
}

const segment = /^[\w+=.@-]+$/;
const versionId = /^[0-9a-f]{8}-[0-9a-f-]{27,55}$/i;

export class SecretsManagerSource extends AwsSource implements DocumentSource {
  readonly places?: readonly Place[];
  readonly #options: AwsSecretsManagerOptions;
  readonly #root: string;
  readonly #stage: string;
  #oneByOne: boolean;

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
    this.#options = options;
    this.#root = path ?? '';
    this.#stage = stage;
    this.#oneByOne = stage !== 'AWSCURRENT'; // a batch cannot ask for any other stage
    if (secrets) this.places = placesOf('AwsSecretsManagerProvider', 'secrets', secrets);
    else if (path !== undefined && !path.endsWith('/'))
      this.places = [{ key: '', document: path, field: '' }];
  }

  get batch(): number {
    return this.#oneByOne ? 1 : 20;
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
      found.set(SecretId, this.#refused(SecretId, ErrorCode));
    return found;
  }

  async #readBatch(documents: readonly string[], call: Call): Promise<Batch> {
    try {
      return await this.aws.send<Batch>(
        { command: 'BatchGetSecretValue', input: { SecretIdList: documents }, resource: together(documents) },
        call.signal,
      );
    } catch (error) {
      // denials of single secrets stand inside an answer: this one is about the batch itself
      if (this.classify(error).code === 'access_denied') {
        this.#oneByOne = true;
        this.notice(
          `${this.name} may not read in batches (secretsmanager:BatchGetSecretValue): each secret is a request of its own`,
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
      ...(versionId.test(version) ? { VersionId: version } : { VersionStage: version }),
    };
    try {
      return this.#document(
        await this.aws.send<Secret>({ command: 'GetSecretValue', input, resource: name }, call.signal),
        name,
      );
    } catch (error) {
      const refused = this.classify(error);
      if (refused.code === 'not_found' || isDeleted(refused)) return 'absent';
      throw refused;
    }
  }

  async page(scope: Scope, cursor: string | undefined, call: Call): Promise<Page> {
    const below = this.#nameOf(scope.prefix);
    // what stands below a prefix may also be a field of a secret above it
    const above = cursor === undefined ? this.locate(scope.prefix).map((place) => ({ place })) : [];
    if (below === undefined) return { found: above, next: [] };
    const input = { MaxResults: 100, NextToken: cursor, Filters: [{ Key: 'name', Values: [below] }] };
    const out = await this.aws.send<{ SecretList?: Secret[]; NextToken?: string }>(
      { command: 'ListSecrets', input, resource: `${below}*` },
      call.signal,
    );
    const names = this.listIn(out.SecretList, `${below}*`);
    const found = names
      .flatMap(({ Name = '' }) => this.placeOf(Name, this.#root, 'secrets'))
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
    // what is written is what is read again, also where another stage is read
    const stages = this.#stage === 'AWSCURRENT' ? {} : { VersionStages: [this.#stage] };
    const put = {
      command: 'PutSecretValue',
      input: { SecretId: name, ...content, ...stages },
      resource: name,
    };
    if (ifVersion !== undefined || unread) return (await this.aws.send<Secret>(put, call.signal)).VersionId;
    try {
      const create = { command: 'CreateSecret', input: { Name: name, ...content, ...key }, resource: name };
      return (await this.aws.send<Secret>(create, call.signal)).VersionId;
    } catch (error) {
      if (this.classify(error).code !== 'conflict' || !(await this.#waitsForDeletion(name, call)))
        throw error;
    }
    // its name is taken until it is gone for good
    await this.aws.send({ command: 'RestoreSecret', input: { SecretId: name }, resource: name }, call.signal);
    return (await this.aws.send<Secret>(put, call.signal)).VersionId;
  }

  async #waitsForDeletion(name: string, call: Call): Promise<boolean> {
    const request = { command: 'DescribeSecret', input: { SecretId: name }, resource: name };
    return (await this.aws.send<{ DeletedDate?: Date }>(request, call.signal)).DeletedDate !== undefined;
  }

  #nameOf(key: Key): string | undefined {
    const path = segments(key);
    return path.every((one) => segment.test(one)) ? `${this.#root}${path.join('/')}` : undefined;
  }

  #document({ SecretString, SecretBinary, VersionId, CreatedDate }: Secret, name: string): Outcome {
    const more = {
      secret: true,
      text: true,
      ...defined({ version: textField(VersionId), modifiedAt: timeField(CreatedDate) }),
    };
    if (typeof SecretString === 'string') return asDocument(SecretString, more);
    if (SecretBinary instanceof Uint8Array)
      return { ...more, value: Buffer.from(SecretBinary).toString('base64'), metadata: { type: 'binary' } };
    return new ConfigError('unavailable', `${this.name}: ${name} came without its value`, {
      provider: this.name,
    });
  }

  #refused(name: string, code: string): Outcome {
    const refused = this.aws.classify({ name: code }, { command: 'GetSecretValue', resource: name });
    return refused.code === 'not_found' || isDeleted(refused) ? 'absent' : refused;
  }
}

/** A read is in conflict with nothing but the deletion that its secret waits for; lists leave it out too. */
const isDeleted = (error: ConfigError): boolean => error.code === 'conflict';

/** Whether `name` means this secret: its name, its ARN, or its ARN without the six random characters. */
function isNamed({ Name, ARN }: Secret, name: string): boolean {
  return (
    Name === name ||
    ARN === name ||
    (ARN !== undefined && ARN.length === name.length + 7 && ARN.startsWith(`${name}-`))
  );
}
