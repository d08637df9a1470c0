import { AwsSsmProvider } from 'llm-config-manager/aws';
import type { Shared } from 'llm-config-manager/redis';

/** All processes that share `second` keep one limit. */
export const parameters = (second: Shared) =>
  // #region pace
  new AwsSsmProvider({
    path: '/acme/',
    second,
    limits: { perSecond: 40, shared: second.pace('eu-west-1:123456789012') },
  });
// #endregion pace
