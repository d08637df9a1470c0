// Compares every subpath from require and import: both must be the same instance. A subpath for an optional
// package that is not installed must fail with an error that names the package.
const { exports: map, peerDependencies } = require('llm-config-manager/package.json');
const subpaths = Object.keys(map).filter((subpath) => subpath !== './package.json');

(async () => {
  for (const subpath of subpaths) {
    const name = `llm-config-manager${subpath.slice(1)}`;
    let required;
    try {
      required = require(name);
    } catch ({ code, message }) {
      const missing = Object.keys(peerDependencies).filter((peer) => message.includes(`'${peer}'`));
      console.log(subpath, `${code.replace(/^ERR_/, '')}: ${missing}`);
      continue;
    }
    const imported = await import(name);
    const names = Object.keys(imported).filter((key) => key !== 'default' && key !== 'module.exports');
    const same = names.length > 0 && names.every((key) => imported[key] === required[key]);
    console.log(subpath, same ? 'is one instance' : 'differs');
  }
})();
