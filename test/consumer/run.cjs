const { spawnSync } = require('node:child_process');

/** Runs Node here, as a shell would. */
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

/** What application.mjs prints. */
exports.loaded =
  '{"database":{"host":"localhost","port":6000,"user":"app","password":"[redacted]"}} fake-password keyring\n';

/** What missing-peers.mjs prints. */
exports.hints = [
  '@aws-sdk/client-ssm',
  '@aws-sdk/client-secrets-manager',
  '@azure/keyvault-secrets',
  '@google-cloud/secret-manager',
  'node-vault',
]
  .map((name) => `missing_dependency: Run: npm install ${name}\n`)
  .join('');
