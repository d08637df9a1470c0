// #region before
import convict from 'convict';

export function load(file: string, { env = process.env, args = process.argv.slice(2) } = {}) {
  const config = convict(
    {
      port: { doc: 'Where to listen', format: 'port', default: 3000, env: 'PORT', arg: 'port' },
      logLevel: {
        doc: 'What is logged',
        format: ['debug', 'info', 'warn'],
        default: 'info',
        env: 'LOG_LEVEL',
      },
      database: {
        host: { doc: 'The server', format: String, default: null as string | null, env: 'DB_HOST' },
        password: {
          doc: 'Its password',
          format: String,
          default: null as string | null,
          env: 'DB_PASSWORD',
          sensitive: true,
        },
        timeoutMs: { doc: 'The timeout of a query', format: 'nat', default: 5000, env: 'DB_TIMEOUT_MS' },
      },
    },
    { env, args },
  );
  config.loadFile(file);
  config.validate({ allowed: 'strict' });
  return config;
}
// #endregion
