export {
  type AsyncConfigModuleOptions,
  ConfigModule,
  type ConfigModuleOptions,
  ConfigService,
  getConfigToken,
  InjectConfig,
} from './module.ts';
