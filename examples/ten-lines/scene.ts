process.chdir(import.meta.dirname); // can be started from anywhere
process.env.APP_DATABASE_PASSWORD = 'fake-password'; // normally set by the shell or the platform
process.env.APP_SERVER_PORT = '9090';
