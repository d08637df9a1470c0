await import('./outcomes.ts');
await import('./merging.ts');
await import('./tolerance.ts');
await import('./levels.ts');
await import('./names.ts');
await import('./policy.ts');
