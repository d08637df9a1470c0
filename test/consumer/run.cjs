const { spawnSync } = require('node:child_process');

/** Runs Node in this folder, without the NODE_OPTIONS of Jest. */
exports.run = (...args) => {
  const { NODE_OPTIONS, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: __dirname,
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
};

exports.clean = (stdout) => ({ status: 0, stdout, stderr: '' });

const database = { host: 'localhost', port: 6000, user: 'app', password: '[redacted]' };
/** The output of application.mjs. */
exports.loaded = `${JSON.stringify({ database })} fake-password keyring\n`;

/** The output of missing-peers.mjs. */
exports.hints = [
  '@aws-sdk/client-ssm',
  '@aws-sdk/client-secrets-manager',
  '@azure/keyvault-secrets',
  '@google-cloud/secret-manager',
  'node-vault',
]
  .map((name) => `missing_dependency: Run: npm install ${name}\n`)
  .join('');
