import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a command sees of its process. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const usage = `llm-config: encrypted configuration files on the command line

Usage: llm-config [--help] [--version]
`;

/** 0 done, 1 a negative answer, 2 wrong usage, 3 failure. */
export async function run(args: readonly string[], io: Pick<Io, 'stdout' | 'stderr'>): Promise<number> {
  if (args.length === 1 && args[0] === '--version') {
    io.stdout.write(`${version()}\n`);
    return 0;
  }
  if (args.length === 1 && args[0] === '--help') {
    io.stdout.write(usage);
    return 0;
  }
  io.stderr.write(usage);
  return 2;
}

function version(): string {
  for (let up = './'; up.length < 20; up = up === './' ? '../' : `${up}../`) {
    const file = fileURLToPath(new URL(`${up}package.json`, import.meta.url));
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (name === 'llm-config-manager' && version) return version;
  }
  return 'unknown';
}
