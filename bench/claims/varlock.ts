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
function varlock(
  cwd: string,
  ...args: string[]
): { readonly status: number | null; readonly output: string } {
  const env = { ...process.env, VARLOCK_TELEMETRY_DISABLED: 'true', NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd,
    env,
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}
const good = folder({ '.env.schema': schema, '.env.local': 'TOKEN=fake-secret\n' });

export const claims: Claims = {
  'A `.env.schema` declares types, requirements and sensitivity. The start fails on a violation.': () => {
    const { status, output } = varlock(folder({ '.env.schema': schema, '.env.local': 'PORT=abc\n' }), 'load');
    ok(status !== 0);
    match(output, /PORT/);
    match(output, /TOKEN/);
  },
  '`varlock load` masks sensitive values.': () => {
    const { status, output } = varlock(good, 'load');
    equal(status, 0);
    ok(!output.includes('fake-secret'));
  },
  '`varlock run` masks them in all output of the program.': () => {
    const { output } = varlock(
      good,
      'run',
      '--',
      process.execPath,
      '-e',
      'console.log("the token is", process.env.TOKEN)',
    );
    match(output, /the token is/);
    ok(!output.includes('fake-secret'));
  },
  '`varlock explain` names the file of a value and all files that define it, without lines.': () => {
    const { output } = varlock(good, 'explain', 'TOKEN');
    match(output, /\.env\.local.*\.env\.schema/s);
    ok(!/\.env\.local:\d/.test(output));
  },
  'The start fails if a value cannot be fetched: an outage does not count as absent.': () => {
    const { status } = varlock(
      folder({ '.env.schema': '# @defaultSensitive=false\n# ---\nTOKEN=exec("exit 1")\n' }),
      'load',
    );
    ok(status !== 0);
  },
};
