// The prompts of one generation of the configuration: finds the version that a task or a caller means, and
// renders it. Loaded on first use by a section with prompts; prompt-access.ts is what an application calls.

import { ConfigError } from '../../../errors.ts';
import { nearest } from '../../../internal/nearest.ts';
import type { Origin } from '../../../origin.ts';
import type { StandardSchemaV1 } from '../../../schema/schema.ts';
import type { LlmData } from '../data.ts';
import { resolved } from './check.ts';
import { contentHash, shortHash } from './content-hash.ts';
import type { PromptData, WeightedPrompt } from './prompt-data.ts';
import { templateOf, Unfit } from './template.ts';
import { completing } from './values.ts';
import { choosing, variantsOf } from './variants.ts';
import { isRange, promptName } from './versions.ts';

export { checkPrompts, checkSchemas } from './check.ts';

/** A prompt that is rendered: a text, and what it was made of. */
export interface Prompt {
  readonly text: string;
  /** The name of the prompt. */
  readonly name: string;
  readonly version: string;
  /** The first 12 digits of the SHA-256 of the text with its tags. */
  readonly hash: string;
  /** The variant that the subject got, as the task names it: `summarize@^1.4`. */
  readonly variant: string;
  /** Where the text with its tags comes from. */
  readonly origin: Origin | undefined;
}

/** A prompt of a task, as it is now. */
export interface ExplainedPrompt extends Omit<Prompt, 'text'> {
  readonly weight: number;
}

/** What the prompts of a generation come from. */
export interface PromptSource {
  readonly data: LlmData;
  readonly schemas: Readonly<Record<string, StandardSchemaV1>>;
  /** Where a value of the section comes from. */
  readonly origin: (path: readonly string[]) => Origin | undefined;
}

/** A version of a prompt, with its tags. */
interface Version extends Omit<Prompt, 'text' | 'variant'> {
  readonly source: string;
  readonly render: (variables: object) => string;
}

export class Prompts {
  readonly #source: PromptSource;
  readonly #versions = new Map<string, Version>();
  readonly #choices = new Map<string, (subject?: string) => WeightedPrompt>();

  constructor(source: PromptSource) {
    this.#source = source;
  }

  /** `name`: of a task with a prompt, or of a prompt, with or without a version. */
  render(name: string, variables: object, subject: string | undefined): Prompt {
    const { prompt: variant } = this.#choice(name)(subject);
    const found = this.#version(variant);
    const { version, hash, origin } = found;
    return Object.freeze({ text: found.render(variables), name: found.name, version, hash, variant, origin });
  }

  /** The prompts of a task. */
  explain(task: string): readonly ExplainedPrompt[] {
    const { prompt } = this.#source.data.tasks[task] ?? {};
    return (prompt === undefined ? [] : variantsOf(prompt)).map(({ prompt, weight }) => {
      const { render: _, source: __, ...version } = this.#version(prompt);
      return Object.freeze({ ...version, variant: prompt, weight });
    });
  }

  /** A version with its tags, for the command line. */
  source(prompt: string): Pick<Prompt, 'name' | 'version' | 'hash' | 'text'> {
    const { name, version, hash, source } = this.#version(prompt);
    return { name, version, hash, text: source };
  }

  #choice(name: string): (subject?: string) => WeightedPrompt {
    let choice = this.#choices.get(name);
    if (choice) return choice;
    const { tasks } = this.#source.data;
    const { prompt = name } = (Object.hasOwn(tasks, name) && tasks[name]) || {};
    const variants = variantsOf(prompt);
    for (const { prompt } of variants) this.#version(prompt); // an unknown name is not kept
    choice = choosing(name, variants);
    this.#choices.set(name, choice);
    return choice;
  }

  #version(prompt: string): Version {
    let found = this.#versions.get(prompt);
    if (!found) this.#versions.set(prompt, (found = this.#find(prompt)));
    return found;
  }

  #find(prompt: string): Version {
    const { data, schemas, origin } = this.#source;
    const { name, range } = promptName(prompt);
    const versions = data.prompts?.[name];
    const version =
      versions && Object.hasOwn(data.prompts ?? {}, name) && isRange(range)
        ? resolved(versions, range)
        : undefined;
    if (!versions || version === undefined) throw this.#unknown(prompt);
    const { text = '', ...about } = versions[version] as PromptData;
    const template = templateOf(text);
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    const who = `the prompt ${name}@${version}`;
    const complete = completing(who, about, template, schema);
    return {
      name,
      version,
      source: text,
      hash: shortHash(contentHash(text)),
      origin: origin(['prompts', name, version, 'text']),
      render: (variables) => {
        const values = complete(variables);
        try {
          return template.render(values);
        } catch (error) {
          if (!(error instanceof Unfit)) throw error;
          throw new ConfigError('validation', `${who}, ${error.message}`, { hint: error.hint });
        }
      },
    };
  }

  #unknown(prompt: string): ConfigError {
    const { prompts = {}, tasks } = this.#source.data;
    const withPrompt = Object.keys(tasks).filter((name) => tasks[name]?.prompt !== undefined);
    const known = [...new Set([...withPrompt, ...Object.keys(prompts)])];
    const similar = nearest(prompt, known);
    return new ConfigError('invalid_key', `llm: the configuration has no prompt ${JSON.stringify(prompt)}`, {
      hint: similar ? `Did you mean ${similar}?` : `It has ${known.join(', ') || 'none'}`,
    });
  }
}
