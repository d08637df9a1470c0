// #region node
import { appConfig } from './app-config';

try {
  await appConfig();
} catch (error) {
  console.error(String(error)); // the report of what is wrong
  process.exit(1); // else Next.js goes on, and answers each request with 500
}
// #endregion
