const codes = /^(?:ECONN|ENOTFOUND|ETIMEDOUT|EAI_|EPIPE|EHOST|ENET|UND_ERR)\w*$/;

/** Whether a code says that the network, and nobody's server, has failed. */
export const isUnreachable = (code: unknown): code is string => typeof code === 'string' && codes.test(code);

/** What to look at when an answer is not the store's. */
export const notTheStore = 'Is a proxy, or another server, at that address?';
