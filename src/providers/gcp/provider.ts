import { ConfigError } from '../../errors.ts';
import { aNumber, anObject, aString, checkOptions, mapOf } from '../../internal/options.ts';
import { type Key, keyOf } from '../../key.ts';
import { type ShelterOptions, shelterOptionChecks, shelterOptionsOf } from '../../shelter/options.ts';
import { WritableShelteredProvider } from '../../shelter/sheltered.ts';
import { GcpSource } from './source.ts';

/** What of Google's client is used, so that tests and applications can bring their own. */
export interface GcpClient {
  accessSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
  listSecrets(request: object, options?: object): Promise<readonly unknown[]>;
  createSecret?(request: object, options?: object): Promise<readonly unknown[]>;
  addSecretVersion?(request: object, options?: object): Promise<readonly unknown[]>;
  deleteSecret?(request: object, options?: object): Promise<readonly unknown[]>;
  getSecretVersion?(request: object, options?: object): Promise<readonly unknown[]>;
  disableSecretVersion?(request: object, options?: object): Promise<readonly unknown[]>;
  initialize?(): Promise<unknown>;
  close?(): Promise<void>;
}

export interface GcpSecretManagerOptions extends ShelterOptions {
  /** The project's id or number. */
  readonly project: string;
  /** Only secrets whose names start with it: `inference-db--host` is then `db.host`. @default '' */
  readonly prefix?: string;
  /** Keys and the secrets they stand in, in place of all names below the prefix: `{ 'database.password': 'db#password',
   *  tls: 'projects/1234/secrets/tls/versions/7' }`; `name#` is the text itself. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The region of regional secrets: `europe-west4`. @default global */
  readonly location?: string;
  /** A number or an alias. @default 'latest' */
  readonly version?: string;
  /** How long to look for credentials before saying that there are none. @default 2_000 */
  readonly credentialsTimeoutMs?: number;
  /** Handed to Google's client as they are: `keyFilename`, `apiEndpoint`, `fallback`. @default none */
  readonly clientOptions?: object;
  /** A client of your own, which is then yours to close. @default one made on first use */
  readonly client?: GcpClient;
  /** @default 'gcp' */
  readonly name?: string;
}

/** GCP Secret Manager. */
export class GcpSecretManagerProvider extends WritableShelteredProvider {
  readonly #source: GcpSource;

  constructor(options: GcpSecretManagerOptions) {
    checkOptions('GcpSecretManagerProvider', options, {
      project: aString,
      prefix: aString,
      secrets: mapOf(aString),
      location: aString,
      version: aString,
      credentialsTimeoutMs: aNumber(1),
      clientOptions: anObject,
      client: anObject,
      name: aString,
      ...shelterOptionChecks,
    });
    if (options.project === undefined)
      throw new ConfigError('invalid_option', 'GcpSecretManagerProvider: project is missing', {
        hint: "Give its id, as in { project: 'acme-prod' }",
      });
    if (options.secrets && options.prefix)
      throw new ConfigError('invalid_option', 'GcpSecretManagerProvider: give either prefix or secrets');
    const source = new GcpSource(options);
    super(source, shelterOptionsOf(options));
    this.#source = source;
  }

  /** Switches off the version that is now the latest; reading it is `disabled` until another is enabled or added. */
  async disable(key: Key): Promise<void> {
    await this.#source.disable(keyOf(key));
    await this.refresh(key);
  }
}
