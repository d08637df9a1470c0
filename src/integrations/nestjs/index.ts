// `llm-config-manager/nestjs`: a configuration that NestJS injects.

export {
  type AsyncConfigModuleOptions,
  ConfigModule,
  type ConfigModuleOptions,
  ConfigService,
  getConfigToken,
  InjectConfig,
} from './module.ts';
