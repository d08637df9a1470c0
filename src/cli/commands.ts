import type { Command } from './command.ts';
import { check, unused } from './commands/chain.ts';
import { diff } from './commands/diff.ts';
import { edit } from './commands/edit.ts';
import { explain } from './commands/explain.ts';
import { decrypt, encrypt } from './commands/files.ts';
import { importCommand } from './commands/import.ts';
import { init } from './commands/init.ts';
import { keygen } from './commands/keygen.ts';
import { addRecipient, listRecipients, removeRecipient, rotate } from './commands/recipients.ts';
import { runCommand } from './commands/run.ts';
import { envExampleCommand, jsonSchema } from './commands/schema.ts';
import { sealCommand, unsealCommand } from './commands/sealing.ts';
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
  diff,
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
  rotate,
];
