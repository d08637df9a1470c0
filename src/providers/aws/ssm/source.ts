// SSM Parameter Store as a source of documents: one parameter is one document. Used by `provider.ts`. SSM
// refuses a whole request because of one parameter that is denied or cannot be decrypted. The shelter then
// repeats a read one by one, and `page` requests the page again without values.

import { ConfigError } from '../../../errors.ts';
import { textOf } from '../../../formats/json-text.ts';
import { defined } from '../../../internal/options.ts';
import { segments } from '../../../key.ts';
import type { Need } from '../../../needs.ts';
import type { Wanted } from '../../../provider.ts';
import { quoted } from '../../../redact.ts';
import { textField, timeField } from '../../../remote/fields.ts';
import { incomplete, readOnlyVersion } from '../../../remote/findings.ts';
import { identityOf } from '../../../remote/identity.ts';
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
  SourceIdentity,
  VersionPage,
} from '../../../shelter/port.ts';
import type { ConfigValue, Key } from '../../../value.ts';
import { AwsConnection } from '../connection.ts';
import { AwsSource, summaryOf } from '../source.ts';
import { ssmNeeds } from './needs.ts';
import type { AwsSsmOptions } from './options.ts';

interface Parameter {
  readonly Name: string;
  readonly ARN?: string;
  /** `:3` or `:live`, if the request named a version. */
  readonly Selector?: string;
  readonly Value?: string;
  readonly Type: string;
  readonly Version?: number;
  readonly LastModifiedDate?: Date;
}

/** A version in the history of a parameter. */
interface Change {
  readonly Version?: number;
  readonly LastModifiedDate?: Date;
  /** The ARN of a user. */
  readonly LastModifiedUser?: string;
  readonly Labels?: readonly string[];
}

const segmentPattern = /^[\w.-]+$/;
/** A version or a label at the end of a name or an ARN. */
const versionSuffix = /:[^/:]+$/;

export class SsmSource extends AwsSource implements DocumentSource {
  readonly batch = 10;
  /** SSM allows 40 reads a second. The first second adds a burst of `concurrency` to `perSecond`. */
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
    return key !== '' && path.every((segment) => segmentPattern.test(segment))
      ? [{ key, document: this.#nameOf(key), field: '' }]
      : [];
  }

  async read(documents: readonly string[], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    const selector = call.version ?? this.#options.label;
    const documentsByName = new Map(
      documents.map((document) => [selector ? `${document}:${selector}` : document, document]),
    );
    const input = { Names: [...documentsByName.keys()], WithDecryption: this.#decrypts };
    const out = await this.aws.send<{ Parameters?: Parameter[]; InvalidParameters?: string[] }>(
      { command: 'GetParameters', input, resource: summaryOf(documents) },
      call.signal,
    );
    const found = new Map<string, Outcome>();
    for (const parameter of out.Parameters ?? []) {
      const name = requestNames(parameter, selector).find((name) => documentsByName.has(name));
      if (name !== undefined) found.set(documentsByName.get(name) as string, this.#outcome(parameter));
    }
    for (const name of out.InvalidParameters ?? []) found.set(documentsByName.get(name) ?? name, 'absent');
    return found;
  }

  async page(scope: Scope, cursor: string | undefined, call: Call): Promise<Page> {
    // the cursor is `values:TOKEN`, or `names:TOKEN` for a page that SSM refused to decrypt
    const namesOnly = cursor?.startsWith('names:') ?? false;
    const token = cursor?.slice(cursor.indexOf(':') + 1) || undefined;
    const [prefixPlace] = this.locate(scope.prefix);
    if (scope.prefix !== '' && !prefixPlace) return { found: [], next: [] };
    const path = prefixPlace?.document ?? (this.#root || '/');
    const label = this.#options.label;
    const filters = label && { ParameterFilters: [{ Key: 'Label', Option: 'Equals', Values: [label] }] };
    try {
      const input = {
        Path: path,
        Recursive: true,
        MaxResults: 10,
        WithDecryption: this.#decrypts && !namesOnly,
        NextToken: token,
        ...filters,
      };
      const out = await this.aws.send<{ Parameters?: Parameter[]; NextToken?: string }>(
        { command: 'GetParametersByPath', input, resource: path },
        call.signal,
      );
      const below = this.listIn(out.Parameters, path).flatMap((parameter) =>
        this.#listed(parameter, namesOnly && parameter.Type === 'SecureString', call),
      );
      // SSM lists only what is below the path, not the parameter with that name
      const atPrefix = prefixPlace && token === undefined ? [{ place: prefixPlace }] : [];
      return {
        found: [...atPrefix, ...below].filter(({ place }) => scope.reaches(place.key)),
        next: out.NextToken ? [`values:${out.NextToken}`] : [],
      };
    } catch (error) {
      if (!namesOnly && ['crypto', 'access_denied'].includes(this.classify(error).code))
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
    if (this.#options.label !== undefined || versionSuffix.test(document))
      throw readOnlyVersion(this.name, document);
    if (value === undefined) {
      await this.aws.send(
        { command: 'DeleteParameter', input: { Name: document }, resource: document },
        call.signal,
      );
      return undefined;
    }
    const isList = secret === false && Array.isArray(value) && value.length > 0 && value.every(isListable);
    const text = isList ? value.join(',') : textOf(value, this.name);
    const type = secret === false ? (isList ? 'StringList' : 'String') : 'SecureString';
    const key = type === 'SecureString' && this.#options.kmsKeyId ? { KeyId: this.#options.kmsKeyId } : {};
    const tier = this.#options.tier && { Tier: this.#options.tier };
    const input = { Name: document, Value: text, Type: type, Overwrite: true, ...key, ...tier };
    const out = await this.aws.send<{ Version?: number }>(
      { command: 'PutParameter', input, resource: document },
      call.signal,
    );
    return out.Version === undefined ? undefined : String(out.Version);
  }

  /** The history has the oldest version first. */
  async versions(document: string, cursor: string | undefined, call: Call): Promise<VersionPage> {
    const input = {
      Name: document.replace(versionSuffix, ''),
      MaxResults: 50,
      WithDecryption: false,
      NextToken: cursor,
    };
    try {
      const out = await this.aws.send<{ Parameters?: Change[]; NextToken?: string }>(
        { command: 'GetParameterHistory', input, resource: document },
        call.signal,
      );
      const versions = this.listIn(out.Parameters, document).map((change) => ({
        version: `${change.Version}`,
        ...defined({
          modifiedAt: timeField(change.LastModifiedDate),
          stages: change.Labels,
          author: textField(change.LastModifiedUser),
        }),
      }));
      return { versions, unsorted: true, ...(out.NextToken && { next: out.NextToken }) };
    } catch (error) {
      if (this.classify(error).code === 'not_found') return { versions: [] };
      throw error;
    }
  }

  async needs(wanted: Wanted): Promise<readonly Need[]> {
    return ssmNeeds(this, this.#root, this.aws.target?.region, this.#options.kmsKeyId, wanted);
  }

  /** With `parameters`, JSON text is a section. */
  identity(): SourceIdentity | undefined {
    const { target } = this.aws;
    const { label } = this.#options;
    const view = { decrypt: this.#decrypts, label, json: this.places !== undefined };
    return target && identityOf({ kind: 'aws-ssm', ...target }, view);
  }

  get #decrypts(): boolean {
    return this.#options.decrypt ?? true;
  }

  #nameOf(key: Key): string {
    return `${this.#root}/${segments(key).join('/')}`;
  }

  /** Encrypted parameters are returned without an outcome: the shelter then reads each of them. */
  #listed(parameter: Parameter, isEncrypted: boolean, call: Call): Page['found'] {
    const places = this.placeOf(parameter.Name, `${this.#root}/`, 'parameters', call);
    return places.map((place) => (isEncrypted ? { place } : { place, outcome: this.#outcome(parameter) }));
  }

  #outcome({ Name, Type, Value, Version, LastModifiedDate }: Parameter): Outcome {
    const provider = this.name;
    const secret = Type === 'SecureString';
    if (secret && !this.#decrypts)
      return new ConfigError(
        'crypto',
        `${provider}: ${quoted(Name)} is a SecureString, and decrypt is false`,
        { provider, hint: 'Remove the option decrypt, or read this key from another provider' },
      );
    if (typeof Value !== 'string')
      return incomplete(provider, `the response for ${quoted(Name)} has no value`);
    const fields: Omit<Document, 'value' | 'raw'> = {
      secret,
      text: true,
      ...defined({
        version: typeof Version === 'number' ? `${Version}` : undefined,
        modifiedAt: timeField(LastModifiedDate),
      }),
      metadata: { type: Type },
    };
    if (Type === 'StringList') return { ...fields, value: Value.split(',') };
    return this.places ? asDocument(Value, fields) : { ...fields, value: Value };
  }
}

/** A StringList separates its strings by commas and has no escape for one. */
const isListable = (item: ConfigValue): boolean => typeof item === 'string' && !item.includes(',');

/** The names in a request that this parameter may belong to: its name or its ARN, with or without a
 *  version. */
function requestNames(
  { Name, ARN = Name, Selector, Version }: Parameter,
  selector: string | undefined,
): string[] {
  const own = Selector ? [`:${Selector.replace(/^:/, '')}`] : [];
  const suffixes = [...own, '', `:${selector}`, `:${Version}`];
  return suffixes.flatMap((suffix) => [Name + suffix, ARN + suffix]);
}
