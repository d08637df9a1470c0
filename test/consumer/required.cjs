// Compares every subpath from require and import: both must be the same instance.
const { exports: map } = require('llm-config-manager/package.json');
const subpaths = Object.keys(map).filter((subpath) => subpath !== './package.json');

(async () => {
  for (const subpath of subpaths) {
    const name = `llm-config-manager${subpath.slice(1)}`;
    const required = require(name);
    const imported = await import(name);
    const names = Object.keys(imported).filter((key) => key !== 'default' && key !== 'module.exports');
    const same = names.length > 0 && names.every((key) => imported[key] === required[key]);
    console.log(subpath, same ? 'is one instance' : 'differs');
  }
})();
