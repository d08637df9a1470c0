// #region policy
import { BundleProvider } from 'llm-config-manager';
import { policyFrom } from 'llm-config-manager/guard';

export const policy = policyFrom(new BundleProvider('policy.yaml'));
// #endregion policy
