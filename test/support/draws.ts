import fc from 'fast-check';

// The same draws in every run; PROPERTY_SEED makes others.
fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) });
