import type { ConfigProvider } from 'llm-config-manager';

// #region app
/** A small application that uses its configuration. */
export async function endpoint(config: ConfigProvider): Promise<string> {
  const host = await config.get('service.host');
  const port = await config.get('service.port');
  return `https://${host?.value ?? 'localhost'}:${port?.value ?? 443}`;
}
// #endregion
