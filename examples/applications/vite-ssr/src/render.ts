import type { PublicPart } from '../config';

/** Runs on the server and in the browser. */
export const render = ({ site, llm }: PublicPart): string =>
  `<h1>${escaped(site.title)}</h1><p>${escaped(llm.model)}</p>`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
