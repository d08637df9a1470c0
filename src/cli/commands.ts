import type { Command } from './command.ts';
import { check, unused } from './commands/chain.ts';
import { doctor } from './commands/doctor.ts';
import { edit } from './commands/edit.ts';
import { explain } from './commands/explain.ts';
import { decrypt, encrypt } from './commands/files.ts';
import { keygen } from './commands/keygen.ts';
import { may } from './commands/may.ts';
import { mcp } from './commands/mcp.ts';
import { addRecipient, listRecipients, removeRecipient, rotate } from './commands/recipients.ts';
import { scan } from './commands/scan.ts';
import { sealCommand, unsealCommand } from './commands/sealing.ts';
import { get, set, unset } from './commands/values.ts';
import { versions } from './commands/versions.ts';

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
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
  explain,
  check,
  unused,
  versions,
  may,
  scan,
  doctor,
  mcp,
];
