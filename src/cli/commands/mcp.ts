// `mcp`: a server of the Model Context Protocol, so that agents see which configuration there is and why. Its
// tools are in mcp/, which loads on first use.

import path from 'node:path';
import type { Command, CommandResult } from '../command.ts';
import { type Loaded, withChain } from '../module.ts';
import { ReservedStdout } from '../reserved-stdout.ts';

export const mcp: Command = {
  name: 'mcp',
  arguments: ['[MODULE]'],
  summary: 'serve the Model Context Protocol on stdin and stdout: keys and origins, no secret',
  flags: {},
  examples: [
    'claude mcp add config -- npx llm-config mcp dist/config.js',
    'llm-config mcp --json  # lists the tools',
  ],
  async run(args, io) {
    if (args.is('json')) return { json: { tools: (await import('../mcp/tools.ts')).tools } };
    if (io.stdin.isTTY)
      io.stderr.write('An agent starts this command and talks to it on stdin. Ctrl-D ends it.\n');
    const { serve } = await import('../mcp/server.ts');
    using stdout = new ReservedStdout();
    const run = async (loaded: Loaded): Promise<CommandResult> => {
      await serve(loaded, path.resolve(io.cwd(), loaded.file), io, stdout);
      return { json: {} };
    };
    return await withChain(args, io, run, false);
  },
};
