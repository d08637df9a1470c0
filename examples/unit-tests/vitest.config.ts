import { mergeConfig } from 'vitest/config';
import sources from '../../vitest.config.ts';

// on the sources of this project; an application has no need of `resolve`
const resolve = process.env.TSX_TSCONFIG_PATH === 'tsconfig.json' ? { resolve: sources.resolve ?? {} } : {};

export default mergeConfig(resolve, { test: { include: ['*.test.ts'], root: import.meta.dirname } });
