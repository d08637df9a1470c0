import { type ConfigProvider, type Key, withSecret } from 'llm-config-manager';

// #region pg-client
type Done = (error?: unknown) => void;
interface PgClient {
  readonly connectionParameters: object;
  connect(done?: Done): unknown;
}

/** A Client of pg that logs in with the user and the password of one version. */
export function pgClient<C extends new (...args: never[]) => object>(
  Client: C,
  chain: ConfigProvider,
  keys: { readonly user: Key; readonly password: Key },
): C {
  const Base = Client as unknown as new (config?: object) => PgClient;
  return class extends Base {
    override connect(done?: Done): unknown {
      const logIn = ([user, password]: readonly [string, string]): unknown => {
        for (const target of [this, this.connectionParameters]) Object.assign(target, { user, password });
        return super.connect();
      };
      const connecting = withSecret(chain, [keys.user, keys.password], logIn, { refused: () => false });
      return done ? void connecting.then(() => done(), done) : connecting;
    }
  } as unknown as C;
}
// #endregion pg-client

// #region per-login
/** A client for each login. Closes the one before. */
export function perLogin<L extends readonly string[], C>(
  open: (login: L) => C,
  close: (client: C) => unknown,
): (login: L) => C {
  let current: { readonly login: L; readonly client: C } | undefined;
  return (login) => {
    if (current?.login.every((part, i) => part === login[i])) return current.client;
    if (current) void Promise.resolve(close(current.client)).catch(() => undefined);
    current = { login, client: open(login) };
    return current.client;
  };
}
// #endregion per-login
