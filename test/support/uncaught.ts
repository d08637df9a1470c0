import { z } from 'zod';
import { BundleProvider, loadConfig } from '../../src/index.ts';

// Fails to load a configuration, and catches nothing. The argument is the file with the configuration.
async function startApplication(): Promise<void> {
  await loadConfig(z.object({ port: z.number() }), new BundleProvider(process.argv[2] as string));
}
await startApplication();
