const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const ts = require('typescript');
const { clean, run } = require('./run.cjs');

const dist = join(dirname(require.resolve('llm-config-manager/package.json')), 'dist');
const declarations = readdirSync(dist)
  .filter((name) => /\.d\.c?ts$/.test(name))
  .map((name) => [
    name,
    ts.createSourceFile(name, readFileSync(join(dist, name), 'utf8'), ts.ScriptTarget.Latest, true),
  ]);

describe('TypeScript, strict, with our declarations checked too', () => {
  it.each(['node16', 'nodenext', 'bundler'])('compiles with moduleResolution %s', (resolution) => {
    expect(run('node_modules/typescript/bin/tsc', '-p', `tsconfig.${resolution}.json`)).toEqual(clean(''));
  });
});

describe('a schema with 1,000 keys', () => {
  const kinds = ['z.string()', 'z.number().min(1)', 'z.boolean().default(true)', 'z.enum(["a"]).optional()'];
  const numbers = (length) => Array.from({ length }, (_, i) => i);
  const keys = numbers(20).map((i) => `key${i}: ${kinds[i % 4]}`);
  const reads = (i) =>
    `export const read${i} = [config.value.section${i}, config.get('section${i}.key${i % 20}')];
     config.subscribe('section${i}', () => {});`;
  const program = `
    import { loadConfig, MemoryProvider } from 'llm-config-manager';
    import { z } from 'zod';
    const Schema = z.object({ ${numbers(50).map((i) => `section${i}: z.object({ ${keys} })`)} });
    const config = await loadConfig(Schema, new MemoryProvider({}));
    ${numbers(50).map(reads).join('\n')}`;

  it('is checked with at most 1.3 times the work of 0.1.0', () => {
    writeFileSync(join(__dirname, 'many-keys.mts'), program);
    const options = '--noEmit --strict --skipLibCheck --module nodenext --target es2022 --types node'.split(
      ' ',
    );
    const tsc = 'node_modules/typescript/bin/tsc';
    const { status, stdout } = run(tsc, ...options, '--extendedDiagnostics', 'many-keys.mts');
    expect({ status, stdout }).toMatchObject({ status: 0 });
    const [, instantiations] = /Instantiations: +(\d+)/.exec(stdout);
    expect(Number(instantiations)).toBeLessThan(1.3 * 69_800); // as many as in 0.1.0
  });
});

describe('the declarations', () => {
  it('the package has declarations', () => {
    expect(declarations.length).toBeGreaterThan(0);
  });

  /** The package that an integration is for. */
  const frameworks = { nestjs: '@nestjs/common', fastify: 'fastify', openfeature: '@openfeature/server-sdk' };

  it.each(declarations)(
    'the declarations in %s refer only to our types and to types of Node',
    (name, file) => {
      const own = frameworks[name.split('.')[0]];
      const isForeign = (from) => !/^(?:\.\/|node:)/.test(from) && from !== own;
      const named = file.statements
        .filter((one) => one.moduleSpecifier)
        .map((one) => one.moduleSpecifier.text);
      expect(named.filter(isForeign)).toEqual([]);
      const inline = [...file.text.matchAll(/import\((["'])(.+?)\1\)/g)].map(([, , name]) => name);
      expect(inline.filter(isForeign)).toEqual([]);
    },
  );

  it.each(declarations)('the declarations in %s do not contain the type any', (_, file) => {
    const found = [];
    const visit = (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(node.parent.getText());
      ts.forEachChild(node, visit);
    };
    visit(file);
    expect(found).toEqual([]);
  });
});
