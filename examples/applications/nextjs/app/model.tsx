// #region client
'use client';

import type { PublicPart } from '../public-part';

export function Model({ settings }: { readonly settings: PublicPart }) {
  return <p>{settings.llm.model}</p>;
}
// #endregion
