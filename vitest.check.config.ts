import { filesIn } from './scripts/files.ts';
import { configOf } from './vitest.config.ts';

// `npm run check`: what must hold for the repository: folders, package, API report, pages, links, licences,
// English.
export default configOf(filesIn('test/repository', /\.test\.ts$/));
