const { readdirSync, readFileSync } = require('node:fs');
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
