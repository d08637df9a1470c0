process.chdir(import.meta.dirname); // can be started from anywhere
process.env.APP__SERVER__PORT ??= '9090'; // normally set by the shell or the platform
