import { ConfigModule } from 'llm-config-manager/nestjs';
import type { z } from 'zod';
import { chain, schema } from './config.ts';

export type AppConfig = z.infer<typeof schema>;

/** Import it into the root module. */
export const AppConfigModule = ConfigModule.forRoot({ schema, sources: chain, watch: true });
