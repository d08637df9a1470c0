export { ConfigError, type ErrorCode, type ErrorDetails, errorCodes, isConfigError } from './errors.ts';
