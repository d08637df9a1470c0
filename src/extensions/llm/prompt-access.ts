// `ai.prompt`: the prompts of the generation that is current when it is called. Made by load-llm.ts. What
// renders is loaded by sections that have prompts, so this file imports none of it.

import { ConfigError } from '../../errors.ts';
import { aString, checkOptions } from '../../internal/options.ts';
import { keyFrom } from '../../key.ts';
import type { Origin } from '../../origin.ts';
import type { StandardSchemaV1 } from '../../schema/schema.ts';
import type { LlmData } from './data.ts';
import type { LlmEvents } from './endpoints/events.ts';
import { parts } from './parts.ts';
import type { ExplainedPrompt, Prompt, Prompts } from './prompts/prompts.ts';

/** The options of `ai.prompt`. */
export interface PromptOptions {
  /** One subject always gets the same variant, in every process.
   *  @default none (a variant at random) */
  readonly subject?: string | undefined;
}

/** The section of a configuration, with what explains it. */
export interface ExplainedSection {
  readonly value: unknown;
  explain?(path: string): { readonly winner?: { readonly origin?: Origin } | undefined };
}

export interface PromptAccessOptions {
  readonly section: ExplainedSection;
  readonly schemas?: Readonly<Record<string, StandardSchemaV1>> | undefined;
  readonly events: LlmEvents;
  /** Whether events have the text. */
  readonly showPrompts: boolean;
}

export const noOptions: PromptOptions = {};
const optionChecks = { subject: aString };

export class PromptAccess {
  readonly #options: PromptAccessOptions;
  #data: LlmData | undefined;
  #prompts: Prompts | undefined;

  constructor(options: PromptAccessOptions) {
    this.#options = options;
  }

  /** The generation to use from now on. */
  follow(data: LlmData): void {
    this.#data = data;
    this.#prompts = undefined;
  }

  render(name: string, variables: object, options: PromptOptions): Prompt {
    if (options !== noOptions) checkOptions('llm: prompt', options, optionChecks);
    if (typeof variables !== 'object' || variables === null || Array.isArray(variables))
      throw new ConfigError('invalid_option', 'llm: prompt: the variables are not an object', {
        hint: "Pass them by name: ai.prompt('summarize', { role: 'editor' })",
      });
    const prompts = this.#current();
    if (!prompts) throw new ConfigError('invalid_key', 'llm: the configuration has no prompts');
    const prompt = prompts.render(name, variables, options.subject);
    const { text, version, hash, variant } = prompt;
    this.#options.events.emit('prompt', () => ({
      level: 'debug',
      task: name,
      prompt: prompt.name,
      version,
      hash,
      variant,
      ...(this.#options.showPrompts && { text }),
    }));
    return prompt;
  }

  explain(task: string): readonly ExplainedPrompt[] {
    return this.#current()?.explain(task) ?? [];
  }

  #current(): Prompts | undefined {
    const { section, schemas = {} } = this.#options;
    const { now } = parts.prompts;
    if (!now || !this.#data || !parts.prompts.isUsed(this.#data as never)) return undefined;
    return (this.#prompts ??= new now.Prompts({
      data: this.#data,
      schemas,
      origin: (path) => section.explain?.(keyFrom(path)).winner?.origin,
    }));
  }
}
