process.chdir(import.meta.dirname); // so that the example can be started from anywhere
process.env.APP__SERVER__PORT ??= '9090'; // as if it were set for this process
