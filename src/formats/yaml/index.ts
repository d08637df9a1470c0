export { yaml } from '../yaml.ts';
