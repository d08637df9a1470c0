// The list of all commands. run.ts finds one in it, and help.ts prints it. A command that needs much imports
// it on first use.

import type { Command } from './command.ts';
import { auditCommands } from './commands/audit.ts';
import { check, unused } from './commands/chain.ts';
import { completionOf } from './commands/completion.ts';
import { diff } from './commands/diff.ts';
import { doctor } from './commands/doctor.ts';
import { edit } from './commands/edit.ts';
import { explain } from './commands/explain.ts';
import { decrypt, encrypt } from './commands/files.ts';
import { importCommand } from './commands/import.ts';
import { init } from './commands/init.ts';
import { keygen } from './commands/keygen.ts';
import { may } from './commands/may.ts';
import { mcp } from './commands/mcp.ts';
import { promptCommands } from './commands/prompts.ts';
import { addRecipient, listRecipients, removeRecipient, rotateRecipient } from './commands/recipients.ts';
import { report } from './commands/report.ts';
import { rotate } from './commands/rotate.ts';
import { runCommand } from './commands/run.ts';
import { scan } from './commands/scan.ts';
import { envExampleCommand, jsonSchema } from './commands/schema.ts';
import { sealCommand, unsealCommand } from './commands/sealing.ts';
import { snapshotCommands } from './commands/snapshot.ts';
import { get, set, unset } from './commands/values.ts';
import { versions } from './commands/versions.ts';

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
  init,
  runCommand,
  explain,
  check,
  unused,
  versions,
  may,
  diff,
  scan,
  doctor,
  report,
  mcp,
  envExampleCommand,
  jsonSchema,
  importCommand,
  keygen,
  encrypt,
  decrypt,
  get,
  set,
  unset,
  edit,
  sealCommand,
  unsealCommand,
  listRecipients,
  addRecipient,
  removeRecipient,
  rotateRecipient,
  rotate,
  ...auditCommands,
  ...snapshotCommands,
  ...promptCommands,
  completionOf(() => commands),
];
