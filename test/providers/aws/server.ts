// A fake AWS for the tests in this folder. It counts calls, injects faults, and puts fake secrets into its
// error messages, so that a leaked message fails a test.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Version {
  readonly id: string;
  readonly at: number;
  readonly value: string;
  readonly binary?: boolean;
  stages: string[];
}
interface Parameter {
  readonly type: string;
  readonly values: string[];
  labels: Record<string, number>;
}

/** How the next matching requests fail: with an error name, a malformed body, a cut connection, or no
 *  response. */
export interface Fault {
  readonly operation?: string;
  readonly times?: number;
  readonly name?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly hang?: true;
  readonly cut?: true;
}

class Refusal extends Error {
  readonly status: number;
  constructor(name: string, status = 400) {
    super(`${name}: this message contains not-a-real-secret`);
    this.name = name;
    this.status = status;
  }
}

type Input = Record<string, unknown>;

/** An HTTP server with SSM, Secrets Manager and KMS in memory. Speaks the JSON 1.1 protocol of the
 *  official clients. */
export class AwsServer implements AsyncDisposable {
  readonly parameters = new Map<string, Parameter>();
  readonly secrets = new Map<string, Version[]>();
  readonly deleted = new Set<string>();
  /** Names that cannot be read, with the error name of each. */
  readonly refused = new Map<string, string>();
  readonly calls: { readonly operation: string; readonly input: Input }[] = [];
  faults: Fault[] = [];
  pageSize = 10;
  /** How far the server's clock is ahead of the client's. */
  clockAheadMs = 0;
  readonly #server: Server;
  readonly #pending = new Set<ServerResponse>();
  #ids = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += chunk));
      request.on('end', () => {
        if (this.clockAheadMs !== 0)
          response.setHeader('date', new Date(Date.now() + this.clockAheadMs).toUTCString());
        const late =
          Math.abs(Date.now() + this.clockAheadMs - signedAt(String(request.headers['x-amz-date']))) >
          300_000;
        this.#respond(
          String(request.headers['x-amz-target']),
          text === '' ? {} : JSON.parse(text),
          response,
          late,
        );
      });
    });
  }

  static async start(): Promise<AwsServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new AwsServer(server);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  count(operation: string): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  putParameter(name: string, value: string, type = 'String'): void {
    const known = this.parameters.get(name);
    this.parameters.set(name, {
      type,
      values: [...(known?.values ?? []), value],
      labels: known?.labels ?? {},
    });
  }

  putSecret(name: string, value: string, { binary = false, stage = 'AWSCURRENT' } = {}): string {
    const versions = this.secrets.get(name) ?? [];
    const id = `00000000-0000-4000-8000-${String(++this.#ids).padStart(12, '0')}`;
    if (stage === 'AWSCURRENT') {
      // stages of its users stay where they are
      for (const version of versions)
        version.stages = version.stages.flatMap((one) =>
          one === 'AWSCURRENT' ? ['AWSPREVIOUS'] : one === 'AWSPREVIOUS' ? [] : [one],
        );
    }
    this.secrets.set(name, [
      ...versions,
      { id, at: 1_700_000_000 + this.#ids, value, binary, stages: [stage] },
    ]);
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const response of this.#pending) response.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #respond(target: string, input: Input, response: ServerResponse, late: boolean): void {
    const operation = target.split('.')[1] as string;
    this.calls.push({ operation, input });
    const fault = this.#fault(operation);
    this.#pending.add(response);
    response.on('close', () => this.#pending.delete(response));
    if (fault?.hang) return;
    if (fault?.cut) {
      response.destroy();
      return;
    }
    const send = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...fault?.headers });
      response.end(body);
    };
    try {
      if (fault?.body !== undefined) {
        send(fault.status ?? 200, fault.body);
        return;
      }
      if (late) throw new Refusal('InvalidSignatureException');
      if (fault) throw new Refusal(fault.name ?? 'InternalServerError', fault.status);
      const handler = this.#operations[operation];
      if (!handler) throw new Refusal('UnknownOperationException');
      send(200, JSON.stringify(handler(input as never)));
    } catch (error) {
      const { name, status = 500, message } = error as Refusal;
      send(status, JSON.stringify({ __type: name, message }));
    }
  }

  #fault(operation: string): Fault | undefined {
    const at = this.faults.findIndex(
      (fault) => fault.operation === undefined || fault.operation === operation,
    );
    const fault = this.faults[at];
    if (fault?.times !== undefined)
      this.faults.splice(at, 1, ...(fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : []));
    return fault;
  }

  readonly #operations: Record<string, (input: never) => object> = {
    GetParameters: ({ Names, WithDecryption }: { Names: string[]; WithDecryption: boolean }) => {
      if (Names.length > 10) throw new Refusal('ValidationException');
      const found: object[] = [];
      const invalid: string[] = [];
      for (const requested of Names) {
        const [name, selector] = requested.split(':') as [string, string?];
        const refused = this.refused.get(name);
        if (refused && (WithDecryption || refused === 'AccessDeniedException')) throw new Refusal(refused);
        const parameter = this.#parameter(name, selector, WithDecryption);
        if (parameter) found.push(parameter);
        else invalid.push(requested);
      }
      return { Parameters: found, InvalidParameters: invalid };
    },
    GetParametersByPath: (input: {
      Path: string;
      WithDecryption: boolean;
      NextToken?: string;
      ParameterFilters?: { Values: string[] }[];
    }) => {
      const root = input.Path.endsWith('/') ? input.Path : `${input.Path}/`;
      const label = input.ParameterFilters?.[0]?.Values[0];
      const names = [...this.parameters.keys()].filter((name) => name.startsWith(root)).sort();
      const from = Number(input.NextToken ?? 0);
      const page = names.slice(from, from + this.pageSize);
      for (const name of page)
        if (this.refused.has(name) && input.WithDecryption)
          throw new Refusal(this.refused.get(name) as string);
      const next = from + this.pageSize < names.length ? { NextToken: String(from + this.pageSize) } : {};
      return {
        Parameters: page.flatMap((name) => this.#parameter(name, label, input.WithDecryption) ?? []),
        ...next,
      };
    },
    GetParameterHistory: ({
      Name,
      MaxResults,
      NextToken,
    }: {
      Name: string;
      MaxResults: number;
      NextToken?: string;
    }) => {
      const one = this.parameters.get(Name);
      if (!one) throw new Refusal('ParameterNotFound');
      const labelsOf = (version: number): string[] =>
        Object.keys(one.labels).filter((label) => one.labels[label] === version);
      const from = Number(NextToken ?? 0);
      const size = Math.min(MaxResults, this.pageSize);
      const next = from + size < one.values.length ? { NextToken: String(from + size) } : {};
      return {
        Parameters: one.values.slice(from, from + size).map((Value, i) => ({
          Name,
          Type: one.type,
          Value,
          Version: from + i + 1,
          Labels: labelsOf(from + i + 1),
          LastModifiedDate: 1_700_000_000,
          LastModifiedUser: 'arn:aws:iam::123456789012:user/ada',
        })),
        ...next,
      };
    },
    PutParameter: ({ Name, Value, Type }: { Name: string; Value: string; Type: string }) => {
      this.putParameter(Name, Value, Type);
      return { Version: this.parameters.get(Name)?.values.length };
    },
    DeleteParameter: ({ Name }: { Name: string }) => {
      if (!this.parameters.delete(Name)) throw new Refusal('ParameterNotFound');
      return {};
    },
    GetSecretValue: ({
      SecretId,
      VersionId,
      VersionStage,
    }: {
      SecretId: string;
      VersionId?: string;
      VersionStage?: string;
    }) => this.#secret(SecretId, VersionId, VersionStage),
    BatchGetSecretValue: ({ SecretIdList }: { SecretIdList: string[] }) => {
      if (SecretIdList.length > 20) throw new Refusal('InvalidParameterException');
      const values: object[] = [];
      const errors: object[] = [];
      for (const name of SecretIdList) {
        try {
          values.push(this.#secret(name));
        } catch (error) {
          errors.push({
            SecretId: name,
            ErrorCode: (error as Refusal).name,
            Message: (error as Refusal).message,
          });
        }
      }
      return { SecretValues: values, Errors: errors };
    },
    ListSecrets: ({ Filters, NextToken }: { Filters?: { Values: string[] }[]; NextToken?: string }) => {
      const prefix = Filters?.[0]?.Values[0] ?? '';
      const names = [...this.secrets.keys()]
        .filter((name) => name.startsWith(prefix) && !this.deleted.has(name))
        .sort();
      const from = Number(NextToken ?? 0);
      const next = from + this.pageSize < names.length ? { NextToken: String(from + this.pageSize) } : {};
      return {
        SecretList: names.slice(from, from + this.pageSize).map((Name) => ({ Name, ARN: arn(Name) })),
        ...next,
      };
    },
    CreateSecret: ({ Name, SecretString }: { Name: string; SecretString: string }) => {
      if (this.secrets.has(Name))
        throw new Refusal(this.deleted.has(Name) ? 'InvalidRequestException' : 'ResourceExistsException');
      return { Name, ARN: arn(Name), VersionId: this.putSecret(Name, SecretString) };
    },
    PutSecretValue: ({
      SecretId,
      SecretString,
      VersionStages: [stage = 'AWSCURRENT'] = [],
    }: {
      SecretId: string;
      SecretString: string;
      VersionStages?: string[];
    }) => {
      const name = this.#named(SecretId);
      if (stage !== 'AWSCURRENT') this.#take(name, stage);
      return { VersionId: this.putSecret(name, SecretString, { stage }) };
    },
    UpdateSecretVersionStage: ({
      SecretId,
      VersionStage,
      MoveToVersionId,
      RemoveFromVersionId,
    }: {
      SecretId: string;
      VersionStage: string;
      MoveToVersionId?: string;
      RemoveFromVersionId?: string;
    }) => {
      const name = this.#named(SecretId);
      const versions = this.secrets.get(name) as Version[];
      const from = versions.find(({ stages }) => stages.includes(VersionStage));
      const to = versions.find(({ id }) => id === MoveToVersionId);
      if (from?.id !== RemoveFromVersionId || (MoveToVersionId !== undefined && !to))
        throw new Refusal('InvalidParameterException');
      this.#take(name, VersionStage);
      to?.stages.push(VersionStage);
      if (VersionStage !== 'AWSCURRENT' || !from) return {};
      this.#take(name, 'AWSPREVIOUS');
      from.stages.push('AWSPREVIOUS');
      return {};
    },
    ListSecretVersionIds: ({ SecretId, NextToken }: { SecretId: string; NextToken?: string }) => {
      const refused = this.refused.get(SecretId);
      if (refused) throw new Refusal(refused);
      const versions = this.secrets.get(this.#named(SecretId)) ?? [];
      const from = Number(NextToken ?? 0);
      const next = from + this.pageSize < versions.length ? { NextToken: String(from + this.pageSize) } : {};
      return {
        Versions: versions.slice(from, from + this.pageSize).map(({ id, at, stages }) => ({
          VersionId: id,
          VersionStages: stages,
          CreatedDate: at,
        })),
        ...next,
      };
    },
    DeleteSecret: ({ SecretId }: { SecretId: string }) => {
      this.deleted.add(this.#named(SecretId));
      return {};
    },
    DescribeSecret: ({ SecretId }: { SecretId: string }) => {
      const name = this.#named(SecretId);
      return { Name: name, ...(this.deleted.has(name) && { DeletedDate: 1_700_000_000 }) };
    },
    RestoreSecret: ({ SecretId }: { SecretId: string }) => {
      this.deleted.delete(this.#named(SecretId));
      return {};
    },
    Encrypt: ({
      KeyId,
      Plaintext,
      EncryptionContext,
    }: {
      KeyId: string;
      Plaintext: string;
      EncryptionContext?: object;
    }) => ({
      CiphertextBlob: Buffer.from(JSON.stringify([KeyId, Plaintext, EncryptionContext ?? null])).toString(
        'base64',
      ),
    }),
    Decrypt: ({
      KeyId,
      CiphertextBlob,
      EncryptionContext,
    }: {
      KeyId: string;
      CiphertextBlob: string;
      EncryptionContext?: object;
    }) => {
      const [key, plain, context] = JSON.parse(Buffer.from(CiphertextBlob, 'base64').toString());
      if (key !== KeyId) throw new Refusal('IncorrectKeyException');
      if (JSON.stringify(context) !== JSON.stringify(EncryptionContext ?? null))
        throw new Refusal('InvalidCiphertextException');
      return { Plaintext: plain };
    },
  };

  #take(name: string, stage: string): void {
    for (const version of this.secrets.get(name) ?? [])
      version.stages = version.stages.filter((one) => one !== stage);
  }

  #parameter(name: string, selector: string | undefined, decrypted: boolean): object | undefined {
    const one = this.parameters.get(name);
    const version = selector === undefined ? one?.values.length : (one?.labels[selector] ?? Number(selector));
    const value = one?.values[(version ?? 0) - 1];
    if (!one || value === undefined) return undefined;
    const shown = one.type === 'SecureString' && !decrypted ? `kms:alias/aws/ssm:${value}` : value;
    return {
      Name: name,
      Type: one.type,
      Value: shown,
      Version: version,
      ...(selector && { Selector: `:${selector}` }),
      LastModifiedDate: 1_700_000_000,
    };
  }

  #named(id: string): string {
    const name = [...this.secrets.keys()].find(
      (one) => id === one || id === arn(one) || `${id}-AbCdEf` === arn(one),
    );
    if (name === undefined) throw new Refusal('ResourceNotFoundException');
    return name;
  }

  #secret(
    id: string,
    versionId?: string,
    stage = versionId === undefined ? 'AWSCURRENT' : undefined,
  ): object {
    const refused = this.refused.get(id);
    if (refused) throw new Refusal(refused);
    const name = this.#named(id);
    if (this.deleted.has(name)) throw new Refusal('InvalidRequestException');
    const version = this.secrets
      .get(name)
      ?.find((one) => (stage ? one.stages.includes(stage) : one.id === versionId));
    if (!version) throw new Refusal('ResourceNotFoundException');
    const content = version.binary ? { SecretBinary: version.value } : { SecretString: version.value };
    return {
      Name: name,
      ARN: arn(name),
      VersionId: version.id,
      VersionStages: version.stages,
      CreatedDate: 1_700_000_000,
      ...content,
    };
  }
}

const signedAt = (time: string): number =>
  Date.parse(time.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)/, '$1-$2-$3:$4:'));

export const arn = (name: string): string =>
  `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-AbCdEf`;

export const account = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'not-a-real-id', secretAccessKey: 'not-a-real-secret-key' },
} as const;
