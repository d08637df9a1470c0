import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts' },
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  dts: true,
  clean: true,
  splitting: true,
  treeshake: true,
  sourcemap: false,
  removeNodeProtocol: false,
});
