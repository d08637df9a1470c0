import { equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Claims } from './claim.ts';

const command = fileURLToPath(new URL('../node_modules/varlock/bin/cli.js', import.meta.url));
const schema = '# @defaultSensitive=false\n# ---\n# @required @sensitive\nTOKEN=\n# @type=port\nPORT=80\n';

function folder(files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), 'claims-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text);
  return made;
}
function varlock(cwd: string, ...args: string[]): { readonly status: number | null; readonly said: string } {
  const env = { ...process.env, VARLOCK_TELEMETRY_DISABLED: 'true', NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd,
    env,
    encoding: 'utf8',
  });
  return { status, said: `${stdout}${stderr}` };
}
const good = folder({ '.env.schema': schema, '.env.local': 'TOKEN=fake-secret\n' });

export const claims: Claims = {
  'Types, requirements and sensitivity stand in a `.env.schema`; what does not keep to them ends the start.':
    () => {
      const { status, said } = varlock(folder({ '.env.schema': schema, '.env.local': 'PORT=abc\n' }), 'load');
      ok(status !== 0);
      match(said, /PORT/);
      match(said, /TOKEN/);
    },
  '`varlock load` masks what is sensitive.': () => {
    const { status, said } = varlock(good, 'load');
    equal(status, 0);
    ok(!said.includes('fake-secret'));
  },
  '`varlock run` masks it in whatever the program prints.': () => {
    const { said } = varlock(
      good,
      'run',
      '--',
      process.execPath,
      '-e',
      'console.log("the token is", process.env.TOKEN)',
    );
    match(said, /the token is/);
    ok(!said.includes('fake-secret'));
  },
  '`varlock explain` names the file that a value came from and all files that define it, without lines.':
    () => {
      const { said } = varlock(good, 'explain', 'TOKEN');
      match(said, /\.env\.local.*\.env\.schema/s);
      ok(!/\.env\.local:\d/.test(said));
    },
  'A value that cannot be fetched ends the start: an outage is not absence.': () => {
    const { status } = varlock(
      folder({ '.env.schema': '# @defaultSensitive=false\n# ---\nTOKEN=exec("exit 1")\n' }),
      'load',
    );
    ok(status !== 0);
  },
};
