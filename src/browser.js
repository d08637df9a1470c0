// What bundlers for browsers find instead of every subpath. The name cannot be resolved, so the build fails
// with this sentence; code that is not bundled fails with it when it runs.
export * from 'llm-config-manager is for servers only. Pass values to a browser with publicConfig';
