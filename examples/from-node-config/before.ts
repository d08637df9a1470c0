// #region before
import config from 'config';

export const settings = {
  host: config.get<string>('server.host'),
  port: config.get<number>('server.port'),
  poolMax: config.get<number>('database.poolMax'),
  password: config.get<string>('database.password'),
};
// #endregion

export const everything = config.util.toObject();
/** What node-config loads for another environment. */
export const loaded = (environment: string): object =>
  config.util.loadFileConfigs('config', { nodeEnv: [environment] });
