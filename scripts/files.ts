// The files of the project, by folder and name. Used by the other scripts, the tests and their configuration.
import { readdirSync, readFileSync } from 'node:fs';
import { root } from './folders.ts';

export function filesIn(folder: string, ends: RegExp): readonly string[] {
  return readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => ends.test(name))
    .sort();
}

export const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
