import { existsSync, readFileSync } from 'node:fs';
import { OptionDefaults } from 'typedoc';

const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const faces = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) =>
    ['src', `src/${subpath.slice(2)}`, `src/providers/${subpath.slice(2)}`].find(
      (room, i) => (subpath === '.') === (i === 0) && existsSync(`${room}/index.ts`),
    ),
  );

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  entryPoints: faces.map((room) => `${room}/index.ts`),
  out: 'docs/site',
  readme: 'README.md',
  projectDocuments: ['docs/*.md'],
  highlightLanguages: [...OptionDefaults.highlightLanguages, 'dotenv', 'hcl', 'ini', 'python', 'py', 'toml', 'yaml'],
  excludePrivate: true,
  excludeInternal: true,
  disableGit: true,
  sourceLinkTemplate: 'src',
  skipErrorChecking: true, // npm run types has done it
  treatWarningsAsErrors: true,
  logLevel: 'Warn',
  validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true },
};
