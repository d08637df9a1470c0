// Tests make listeners throw and reloads fail on purpose. What the library then warns of is not printed among
// the results; a test that is about a warning looks at it itself.

const [print] = process.listeners('warning');
if (print && !('isQuiet' in print)) {
  const quiet = Object.assign(
    (warning: Error & { readonly code?: string }): void => {
      if (!warning.code?.startsWith('LLM_CONFIG_')) print(warning);
    },
    { isQuiet: true },
  );
  process.off('warning', print);
  process.on('warning', quiet);
}
