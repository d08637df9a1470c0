import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The id of the process that listens on a port of this machine. Undefined if /proc does not show it. */
export function listenerOf(port: number): number | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(lines).flatMap((line) => {
      const [, address, , state, , , , , , inode] = line.trim().split(/\s+/);
      return address?.endsWith(local) && state === '0A' ? [`socket:[${inode}]`] : [];
    }),
  );
  return names('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => names(`/proc/${pid}/fd`).some((fd) => sockets.has(target(`/proc/${pid}/fd/${fd}`))));
}

const attempt = <T>(work: () => T, otherwise: T): T => {
  try {
    return work();
  } catch {
    return otherwise; // the process has ended, or belongs to another user
  }
};
const lines = (file: string): string[] => attempt(() => readFileSync(file, 'utf8').split('\n'), []);
const names = (folder: string): string[] => attempt(() => readdirSync(folder), []);
const target = (link: string): string => attempt(() => readlinkSync(link), '');
