// Variables that the system, a shell or npm sets: without a prefix, `USER` is not meant for `user`. Providers
// of the environment leave them out, and a load says which keys of its schema they are not used for.

import { letters } from './key.ts';

const platform = [
  'PATH HOME USER LOGNAME PWD OLDPWD SHELL SHLVL TERM LANG LANGUAGE MAIL EDITOR VISUAL PAGER DISPLAY',
  'TMPDIR TMP TEMP COLOR NODE INIT_CWD COLUMNS LINES HOSTNAME',
  'USERNAME USERPROFILE USERDOMAIN COMPUTERNAME OS COMSPEC PATHEXT SYSTEMROOT WINDIR APPDATA LOCALAPPDATA',
  'HOMEDRIVE HOMEPATH',
].flatMap((line) => line.split(' '));
const platformNames: ReadonlySet<string> = new Set(platform);

/** Whether a variable belongs to the platform. */
export const isPlatformName = (name: string): boolean =>
  platformNames.has(name) || name.startsWith('LC_') || name.startsWith('PROGRAM');

/** The letters of a key that ends as such a variable. */
export const platformLetters = new RegExp(
  `(?:${platform.map((name) => letters(name)).join('|')}|lc.*|program.*)$`,
);
