import type { ConfigProvider } from 'llm-config-manager';

// #region app
/** What an application does with its configuration, in one line. */
export async function endpoint(config: ConfigProvider): Promise<string> {
  const host = await config.get('service.host');
  const port = await config.get('service.port');
  return `https://${host?.value ?? 'localhost'}:${port?.value ?? 443}`;
}
// #endregion
