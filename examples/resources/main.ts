import { loadConfig, MemoryProvider } from 'llm-config-manager';
import pino from 'pino';
import { z } from 'zod';

/** A fake of the pool of a database driver. */
class Pool {
  readonly #options: { readonly host: string; readonly password: string };

  constructor(options: { host: string; password: string }) {
    this.#options = options;
    console.log(`connected to ${options.host}`);
  }
  async query(text: string): Promise<string> {
    return `${text} at ${this.#options.host}`;
  }
  async end(): Promise<void> {
    console.log(`disconnected from ${this.#options.host}`);
  }
}

const Schema = z.object({
  database: z.object({ host: z.string(), password: z.string() }),
  log: z.object({ level: z.enum(['debug', 'info', 'warn']) }),
});
const source = new MemoryProvider({
  database: { host: 'db-1', password: 'fake-1' },
  log: { level: 'info' },
});
const config = await loadConfig(Schema, source);

// #region pool
const pool = await config.use(
  'database',
  (options) => new Pool(options), // after each change of the section
  (old) => old.end(), // after the last use of the old one
);
console.log(await pool.run((current) => current.query('SELECT 1')));
// #endregion

// #region logger
const logger = pino({ level: config.value.log.level });
await config.use('log', ({ level }) => {
  logger.level = level;
});
// #endregion

await source.set('database.host', 'db-2');
await source.set('log.level', 'debug');
await config.reload();
console.log(await pool.run((current) => current.query('SELECT 2')), `with the level ${logger.level}`);

// #region override
{
  await using _ = await config.override({ 'log.level': 'warn' }); // or { log: { level: 'warn' } }
  console.log(config.value.log.level); // => warn
}
console.log(config.value.log.level); // => debug
// #endregion
await config.close();
