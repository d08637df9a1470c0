import { ConfigError } from '../../../errors.ts';
import { textOf } from '../../../formats/json-text.ts';
import { segments } from '../../../key.ts';
import { quoted } from '../../../redact.ts';
import { defined, timeField } from '../../../remote/fields.ts';
import { readOnlyVersion } from '../../../remote/read-only-version.ts';
import { asDocument, mapped, placesOf } from '../../../shelter/places.ts';
import type {
  Call,
  Document,
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
import type { AwsSsmOptions } from './options.ts';

interface Parameter {
  readonly Name: string;
  readonly ARN?: string;
  /** `:3` or `:live`, when a version was asked for. */
  readonly Selector?: string;
  readonly Value?: string;
  readonly Type: string;
  readonly Version?: number;
  readonly LastModifiedDate?: Date;
}

const segment = /^[\w.-]+$/;
/** A version or a label behind a name or an ARN. */
const pinned = /:[^/:]+$/;

export class SsmSource extends AwsSource implements DocumentSource {
  readonly batch = 10;
  /** SSM allows 40 reads a second; the first second has the burst of `concurrency` on top. */
  readonly limits = { concurrency: 10, perSecond: 28 };
  readonly places?: readonly Place[];
  readonly #options: AwsSsmOptions;
  readonly #root: string;

  constructor(options: AwsSsmOptions) {
    const name = options.name ?? 'aws-ssm';
    const load = () => import('@aws-sdk/client-ssm');
    const aws = { package: '@aws-sdk/client-ssm', client: 'SSMClient', policy: 'ssm', load };
    super(name, new AwsConnection('AwsSsmProvider', name, options, aws));
    this.#options = options;
    this.#root = (options.path ?? '').replace(/\/+$/, '');
    if (options.parameters) this.places = placesOf('AwsSsmProvider', 'parameters', options.parameters);
  }

  locate(key: Key): readonly Place[] {
    if (this.places) return mapped(this.places)(key);
    const path = segments(key);
    return key !== '' && path.every((one) => segment.test(one))
      ? [{ key, document: this.#nameOf(key), field: '' }]
      : [];
  }

  async read(documents: readonly string[], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    const select = call.version ?? this.#options.label;
    const named = new Map(
      documents.map((document) => [select ? `${document}:${select}` : document, document]),
    );
    const input = { Names: [...named.keys()], WithDecryption: this.#decrypts };
    const out = await this.aws.send<{ Parameters?: Parameter[]; InvalidParameters?: string[] }>(
      { command: 'GetParameters', input, resource: together(documents) },
      call.signal,
    );
    const found = new Map<string, Outcome>();
    for (const one of out.Parameters ?? []) {
      const document = spellings(one, select).find((name) => named.has(name));
      if (document !== undefined) found.set(named.get(document) as string, this.#outcome(one));
    }
    for (const name of out.InvalidParameters ?? []) found.set(named.get(name) ?? name, 'absent');
    return found;
  }

  async page(scope: Scope, cursor: string | undefined, call: Call): Promise<Page> {
    // one parameter that cannot be decrypted refuses its whole page: the cursor remembers to go on with names only
    const names = cursor?.startsWith('names:') ?? false;
    const token = cursor?.slice(cursor.indexOf(':') + 1) || undefined;
    const [itself] = this.locate(scope.prefix);
    if (scope.prefix !== '' && !itself) return { found: [], next: [] };
    const path = itself?.document ?? (this.#root || '/');
    const label = this.#options.label;
    const filters = label && { ParameterFilters: [{ Key: 'Label', Option: 'Equals', Values: [label] }] };
    try {
      const input = {
        Path: path,
        Recursive: true,
        MaxResults: 10,
        WithDecryption: this.#decrypts && !names,
        NextToken: token,
        ...filters,
      };
      const out = await this.aws.send<{ Parameters?: Parameter[]; NextToken?: string }>(
        { command: 'GetParametersByPath', input, resource: path },
        call.signal,
      );
      const found = this.listIn(out.Parameters, path).flatMap((one) =>
        this.#listed(one, names && one.Type === 'SecureString'),
      );
      const first = itself && token === undefined ? [{ place: itself }] : [];
      return {
        found: [...first, ...found].filter(({ place }) => scope.reaches(place.key)),
        next: out.NextToken ? [`values:${out.NextToken}`] : [],
      };
    } catch (error) {
      if (!names && ['crypto', 'access_denied'].includes(this.classify(error).code))
        return { found: [], next: [`names:${token ?? ''}`] };
      throw error;
    }
  }

  async write(
    document: string,
    value: ConfigValue | undefined,
    { secret }: DocumentWrite,
    call: Call,
  ): Promise<string | undefined> {
    if (this.#options.label !== undefined || pinned.test(document))
      throw readOnlyVersion(this.name, document);
    if (value === undefined) {
      await this.aws.send(
        { command: 'DeleteParameter', input: { Name: document }, resource: document },
        call.signal,
      );
      return undefined;
    }
    const list = secret === false && Array.isArray(value) && value.length > 0 && value.every(isListable);
    const text = list ? value.join(',') : textOf(value, this.name);
    const type = secret === false ? (list ? 'StringList' : 'String') : 'SecureString';
    const key = type === 'SecureString' && this.#options.kmsKeyId ? { KeyId: this.#options.kmsKeyId } : {};
    const tier = this.#options.tier && { Tier: this.#options.tier };
    const input = { Name: document, Value: text, Type: type, Overwrite: true, ...key, ...tier };
    const out = await this.aws.send<{ Version?: number }>(
      { command: 'PutParameter', input, resource: document },
      call.signal,
    );
    return out.Version === undefined ? undefined : String(out.Version);
  }

  get #decrypts(): boolean {
    return this.#options.decrypt ?? true;
  }

  #nameOf(key: Key): string {
    return `${this.#root}/${segments(key).join('/')}`;
  }

  #listed(one: Parameter, sealed: boolean): Page['found'] {
    const places = this.placeOf(one.Name, `${this.#root}/`, 'parameters');
    return places.map((place) => (sealed ? { place } : { place, outcome: this.#outcome(one) }));
  }

  #outcome(one: Parameter): Outcome {
    const secret = one.Type === 'SecureString';
    if (secret && !this.#decrypts)
      return new ConfigError(
        'crypto',
        `${this.name}: ${quoted(one.Name)} is a SecureString, and decrypt is false`,
        {
          provider: this.name,
          hint: 'Leave decrypt at true, or read this key elsewhere',
        },
      );
    const { Value: text } = one;
    if (typeof text !== 'string')
      return new ConfigError('unavailable', `${this.name}: ${quoted(one.Name)} came without its value`, {
        provider: this.name,
      });
    const more: Omit<Document, 'value' | 'raw'> = {
      secret,
      text: true,
      ...defined({
        version: typeof one.Version === 'number' ? `${one.Version}` : undefined,
        modifiedAt: timeField(one.LastModifiedDate),
      }),
      metadata: { type: one.Type },
    };
    if (one.Type === 'StringList') return { ...more, value: text.split(',') };
    return this.places ? asDocument(text, more) : { ...more, value: text };
  }
}

const isListable = (one: ConfigValue): boolean => typeof one === 'string' && !one.includes(',');

/** All that may have been asked for to get this one: its name, or its ARN where it is shared, with and without a version. */
function spellings({ Name, ARN = Name, Selector, Version }: Parameter, select: string | undefined): string[] {
  const ends = [...(Selector ? [`:${Selector.replace(/^:/, '')}`] : []), '', `:${select}`, `:${Version}`];
  return ends.flatMap((end) => [Name + end, ARN + end]);
}
