import { makeClient } from './client.ts';
import { load } from './config.ts';

process.chdir(import.meta.dirname); // can be started from anywhere
process.env.APP_SERVER_PORT = '9090'; // normally set by the shell or the platform

// #region main
const config = await load();
const { server, llm } = config.value; // typed, frozen, read from all three sources
const client = makeClient(llm);
console.log(`port ${server.port}, ${client.models.length} models at ${client.url}`);
// #endregion

// #region explain
console.log(`${config.explain('server.port')}`);
// #endregion

// #region print
console.log(config); // safe to log: secrets are masked
// #endregion
await config.close();
