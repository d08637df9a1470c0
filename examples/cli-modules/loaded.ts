import { loadConfig } from 'llm-config-manager';
import { schema } from './config.ts';
import { sources } from './sources.ts';

export const load = () => loadConfig(schema, sources(), { unknown: 'error' });
