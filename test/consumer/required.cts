import library = require('llm-config-manager');

const error: library.ConfigError = new library.ConfigError('not_found', 'Nothing is there');
const status: number = library.errorCodes[error.code].status;
export = status;
