import type { NextConfig } from 'next';

// #region next
const next: NextConfig = {
  serverExternalPackages: ['llm-config-manager'], // one copy for instrumentation, pages and routes
};
// #endregion

export default next;
