// The prompts of a module's chain, for the commands `prompts`. Reads them without the endpoints, so that a
// machine without keys can render them.

import { ConfigError } from '../../errors.ts';
import type { LlmData } from '../../extensions/llm/data.ts';
import type { Issue } from '../../extensions/llm/issues.ts';
import type { Prompts } from '../../extensions/llm/prompts/prompts.ts';
import { lazy } from '../../internal/lazy.ts';
import { keyOf } from '../../key.ts';
import { reveal } from '../../reveal.ts';
import { isPlain, type Key } from '../../value.ts';
import type { Flags, Parsed } from '../arguments.ts';
import type { Loaded } from '../module.ts';

const loadPrompts = lazy(() => import('../../extensions/llm/prompts/prompts.ts'));

export const atFlag: Flags = {
  at: { type: 'string', value: 'KEY', summary: 'the section with the prompts, if it is not llm' },
};

/** Prompts, and the tasks that use them. */
export interface PromptSection {
  readonly at: Key;
  readonly data: LlmData;
}

export async function promptSection({ chain, options, file }: Loaded, args: Parsed): Promise<PromptSection> {
  const at = keyOf(args.text('at') ?? options.at ?? 'llm');
  const [prompts, tasks] = await Promise.all(
    ['prompts', 'tasks'].map(async (name) => reveal(await chain.tree(at === '' ? name : `${at}.${name}`))),
  );
  if (!isPlain(prompts))
    throw new ConfigError(
      'not_found',
      `the module ${file} has no prompts at ${at === '' ? 'its root' : at}`,
      {
        hint: 'Name the section with --at',
      },
    );
  return { at, data: { endpoints: {}, tasks: isPlain(tasks) ? tasks : {}, prompts } as unknown as LlmData };
}

/** The prompts, if their texts are without mistakes. */
export async function readyPrompts(loaded: Loaded, args: Parsed): Promise<Prompts> {
  const { data } = await promptSection(loaded, args);
  const { Prompts, checkPrompts } = await loadPrompts();
  const issues: Issue[] = [];
  checkPrompts(data, (path, message) => void issues.push({ path, message }));
  if (issues.length > 0) {
    const lines = issues.map(({ path, message }) => `\n  ${path.join('.')}: ${message}`);
    throw new ConfigError('validation', `the prompts have mistakes:${lines.join('')}`);
  }
  return new Prompts({ data, schemas: {}, origin: () => undefined });
}
