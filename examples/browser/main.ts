import { type Config, loadConfig, MemoryProvider, publicConfig } from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({
  site: z.object({ title: z.string(), locales: z.array(z.string()).default(['en']) }),
  flags: z.object({ beta: z.boolean(), token: z.string().optional() }),
  database: z.object({ host: z.string(), password: z.string() }),
});
const source = new MemoryProvider({
  site: { title: 'Docs </script><script>alert(1)' },
  flags: { beta: true, token: 'fake-token' },
  database: { host: 'db.internal', password: 'fake-password' },
});

// #region share
const config = await loadConfig(Schema, source);
const shared = (from: typeof config) => publicConfig(from, ['site', 'flags.beta']);
export type Shared = ReturnType<typeof shared>; // the type for the code in the browser
// #endregion
console.log(shared(config));

// #region page
const scriptJson = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');
const page = (current: Config<z.infer<typeof Schema>>): string =>
  `<script type="application/json" id="config">${scriptJson(shared(current))}</script>`;
// #endregion
console.log(page(config));

// #region browser
const read = (text: string): Shared => JSON.parse(text) as Shared; // of document.getElementById('config')
// #endregion
console.log(read(scriptJson(shared(config))).site.title);

// #region refused
try {
  publicConfig(config, ['flags', 'database']);
} catch (error) {
  console.log((error as Error).message);
}
// #endregion
