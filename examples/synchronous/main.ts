import './scene.ts';
import { MemoryProvider } from 'llm-config-manager';
import { loadConfigSync } from 'llm-config-manager/sync';
import { z } from 'zod';
import { env } from './env.ts';

console.log(env);

const Slow = z.object({ name: z.string().refine(async (name) => name !== '') });
try {
  loadConfigSync(Slow, new MemoryProvider({ name: 'app' }));
} catch (error) {
  console.log((error as Error).message);
}
