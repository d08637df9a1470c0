import { EnvProvider, MemoryProvider } from 'llm-config-manager';
import { loadConfigSync } from 'llm-config-manager/sync';
import { z } from 'zod';

// #region worker
const Schema = z.object({
  llm: z.object({ model: z.string(), temperature: z.number(), apiKey: z.string() }),
});

const defaults = new MemoryProvider({ llm: { model: 'small', temperature: 0.2 } });
const config = loadConfigSync(Schema, [new EnvProvider({ prefix: 'APP' }), defaults]);

export default {
  async fetch(): Promise<Response> {
    const { model, temperature } = config.value.llm;
    return Response.json({ model, temperature });
  },
};
// #endregion
