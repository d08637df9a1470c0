import library = require('llm-config-manager');
import shelter = require('llm-config-manager/shelter');

const error: library.ConfigError = new library.ConfigError('not_found', 'Nothing is there');
const status: number = library.errorCodes[error.code].status;
const provider: shelter.ShelteredProvider = shelter.sheltered(new library.MemoryProvider({}));
export = [status, provider];
