// #region public
import { publicConfig } from 'llm-config-manager';
import type { AppConfig } from './app-config';

export const publicPart = (config: AppConfig) => publicConfig(config, ['site', 'llm.model']);
export type PublicPart = ReturnType<typeof publicPart>;
// #endregion
